package lcore

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/cpulist"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

const opPin = "sched_setaffinity"

// pinned holds the threads that Pin has pinned, by thread ID.
var pinned struct {
	sync.Mutex
	pollers map[int]poller
}

// Pin locks the calling goroutine to its thread and the thread to CPUs. A polling goroutine needs
// nothing else: it is not an lcore, and uses pools with a cache of its own (mempool.Pool.NewCache).
// unpin restores the thread's former CPUs and unlocks the goroutine. Call unpin on the same
// goroutine. EAL need not run.
//
//	unpin, err := lcore.Pin(lcore.CPUs(3))
//	if err != nil { … }
//	defer unpin()
//
// Errors: dpdk.ErrInvalid for an empty set, for a CPU that this process may not use, and on a thread
// that is an lcore: EAL chooses its CPUs.
func Pin(cpus CPUSet) (unpin func() error, err error) {
	runtime.LockOSThread()
	former, err := pin(cpus)
	if err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	tid := linux.Gettid()
	remember(tid, cpus)
	watchPollers()
	done := false // by then the thread may run another goroutine
	return func() error {
		if linux.Gettid() != tid || done {
			return check.Invalid(opPin, "", "unpin was called by another goroutine, or twice: defer it right after Pin")
		}
		done = true
		forget(tid)
		if err := setCPUs(former); err != nil {
			return err // still locked: the thread ends with its goroutine
		}
		runtime.UnlockOSThread()
		return nil
	}, nil
}

func pin(cpus CPUSet) (former CPUSet, err error) {
	if id, ok := Current(); ok {
		return nil, check.Invalid(opPin, "", "the thread is lcore %d, and EAL has chosen its CPUs: see eal.Config.Lcores", id)
	}
	if len(cpus) == 0 {
		return nil, check.Invalid(opPin, "", "the set of CPUs is empty: name at least one")
	}
	if former, err = ThreadCPUs(); err != nil {
		return nil, &dpdk.Error{Op: opPin, Cause: err}
	}
	if err = setCPUs(cpus); err != nil {
		return nil, err
	}
	// The kernel ignores CPUs that do not exist or that this process may not use.
	got, err := ThreadCPUs()
	if err == nil && got.String() != cpus.String() {
		err = check.Invalid(opPin, "", "this process may use only the CPUs %v of %v: remove the others", got, cpus)
	}
	if err != nil {
		return nil, errors.Join(err, setCPUs(former))
	}
	return former, nil
}

func setCPUs(cpus CPUSet) error {
	if err := cpulist.SetThread(cpus...); err != nil {
		e := &dpdk.Error{Op: opPin, Detail: fmt.Sprintf("CPUs %v do not exist, or this process may not use them: see ThreadCPUs", cpus)}
		if errno, ok := err.(syscall.Errno); ok {
			e.Errno = dpdk.Errno(errno)
		}
		return e
	}
	return nil
}

func remember(tid int, cpus CPUSet) {
	pinned.Lock()
	defer pinned.Unlock()
	if pinned.pollers == nil {
		pinned.pollers = map[int]poller{}
	}
	pinned.pollers[tid] = poller{fmt.Sprintf("pinned thread %d", tid), cpus, time.Now()}
}

func forget(tid int) {
	pinned.Lock()
	defer pinned.Unlock()
	delete(pinned.pollers, tid)
}
