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

// pinned are the threads of goroutines that Pin has pinned, by thread id.
var pinned struct {
	sync.Mutex
	pollers map[int]poller
}

// Pin locks the calling goroutine to its thread and the thread to CPUs, which is
// all that a polling goroutine needs: it is no lcore, and takes from pools with
// a cache of its own (mempool.Pool.NewCache). unpin gives the thread its former
// CPUs back and unlocks it; call it on the same goroutine. EAL need not run.
//
//	unpin, err := lcore.Pin(lcore.CPUs(3))
//	if err != nil { … }
//	defer unpin()
//
// Errors: dpdk.ErrInvalid for an empty set, for a CPU that this process may not
// use, and on a thread that is an lcore, whose CPUs are EAL's to choose.
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
	done := false // the thread may have been given to another goroutine since
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
		return nil, check.Invalid(opPin, "", "the thread is lcore %d, which has its CPUs from EAL: see eal.Config.Lcores", id)
	}
	if len(cpus) == 0 {
		return nil, check.Invalid(opPin, "", "the set of CPUs is empty")
	}
	if former, err = ThreadCPUs(); err != nil {
		return nil, &dpdk.Error{Op: opPin, Cause: err}
	}
	if err = setCPUs(cpus); err != nil {
		return nil, err
	}
	// The kernel ignores CPUs that do not exist or are not for this process.
	got, err := ThreadCPUs()
	if err == nil && got.String() != cpus.String() {
		err = check.Invalid(opPin, "", "of CPUs %v this process may use %v only", cpus, got)
	}
	if err != nil {
		return nil, errors.Join(err, setCPUs(former))
	}
	return former, nil
}

func setCPUs(cpus CPUSet) error {
	if err := cpulist.SetThread(cpus...); err != nil {
		e := &dpdk.Error{Op: opPin, Detail: fmt.Sprintf("CPUs %v do not exist or are not for this process", cpus)}
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
