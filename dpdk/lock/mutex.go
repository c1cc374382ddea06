package lock

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

const (
	opMutexInit       = "pthread_mutex_init"
	opMutexLock       = "pthread_mutex_lock"
	opMutexTryLock    = "pthread_mutex_trylock"
	opMutexTimedLock  = "pthread_mutex_clocklock"
	opMutexUnlock     = "pthread_mutex_unlock"
	opMutexConsistent = "pthread_mutex_consistent"
)

// Mutex is a lock in shared memory that survives the death of its owner. It is a
// pthread_mutex_t: process-shared, robust and error-checking. When the owner's thread or
// process ends for any reason, the kernel passes the lock to the next caller, with the error
// dpdk.ErrOwnerDead:
//
//	err := mu.Lock()
//	if errors.Is(err, dpdk.ErrOwnerDead) {
//		repair() // the dead owner may have left the data half changed
//		err = mu.Consistent()
//	}
//	if err != nil {
//		return err
//	}
//	defer mu.Unlock()
//
// Put it into a struct for memzone.CreateValue, and call Init before other processes look the
// zone up. In C the Mutex is a pthread_mutex_t. A mutex made by C must have
// PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_ROBUST and PTHREAD_MUTEX_ERRORCHECK. Before Init all
// methods return dpdk.ErrInvalid. Do not copy a Mutex, and do not free its memory while it is
// locked.
//
// The owner is a thread of the operating system. Lock therefore locks the goroutine to its
// thread (runtime.LockOSThread) until Unlock, which the same goroutine must call. If a
// goroutine ends without Unlock, its thread ends, and the next caller gets
// dpdk.ErrOwnerDead. Do not rely on that: Go never ends the first thread of a process.
//
// All methods may be called from any goroutine, in every process role, also without EAL.
//
// A Mutex is slower than a Spin, because it records the owner for the kernel. A caller that
// finds it locked sleeps in the kernel, and each waiting goroutine occupies a thread. Use a
// Mutex for data that must survive the death of a holder, and where holders may be
// descheduled, as every goroutine may. Keep it off the fast path.
type Mutex struct {
	_     [0]sync.Mutex // lets go vet report copies
	words [cgo.MutexSizeof / 8]uint64
}

// ready is the kind of an initialized mutex.
var ready = func() uint32 {
	m := new(Mutex)
	if cgo.MutexInit(m.Pointer()) != 0 {
		return 0 // libc does not support such mutexes; Init returns its error
	}
	return m.kind()
}()

// kind returns the kind of the mutex. libc writes it once, as the last field.
func (m *Mutex) kind() uint32 {
	return atomic.LoadUint32((*uint32)(unsafe.Add(m.Pointer(), cgo.MutexKind)))
}

// Pointer returns the pthread_mutex_t, for C.
func (m *Mutex) Pointer() unsafe.Pointer { return unsafe.Pointer(&m.words) }

// Init initializes a mutex in zeroed memory, unlocked (pthread_mutex_init). One process calls
// it once. The error is dpdk.ErrExist if the mutex is initialized already.
func (m *Mutex) Init() error {
	if m.kind() == ready && ready != 0 {
		return mutexError(opMutexInit, int(dpdk.ErrExist), "the mutex is initialized already, and may be locked: call Init on zeroed memory only")
	}
	if errno := cgo.MutexInit(m.Pointer()); errno != 0 {
		return mutexError(opMutexInit, errno, "")
	}
	return nil
}

// Lock waits for the lock and takes it (pthread_mutex_lock). The caller owns the lock if the
// error is nil or dpdk.ErrOwnerDead. Lock waits as long as another owner keeps the lock, even
// if that owner is stopped; use [Mutex.LockContext] to limit the wait.
//
// Errors: dpdk.ErrOwnerDead; dpdk.ErrNotRecoverable if the mutex was unlocked after
// ErrOwnerDead without Consistent; dpdk.ErrDeadlock if the caller owns the lock already;
// dpdk.ErrInvalid.
func (m *Mutex) Lock() error {
	if m.kind() != ready {
		return m.uninitialized(opMutexLock)
	}
	runtime.LockOSThread()
	errno := m.try()
	if errno == int(syscall.EBUSY) {
		errno = cgo.MutexLock(m.Pointer())
	}
	if errno != 0 {
		return m.special(opMutexLock, errno)
	}
	racesync.Acquire(m.Pointer())
	return nil
}

// TryLock takes the lock if it is free (pthread_mutex_trylock), and reports whether the caller
// owns it now, which includes the case dpdk.ErrOwnerDead. It does not wait. Its errors are
// those of [Mutex.Lock].
func (m *Mutex) TryLock() (bool, error) {
	if m.kind() != ready {
		return false, m.uninitialized(opMutexTryLock)
	}
	runtime.LockOSThread()
	errno := m.try()
	switch {
	case errno == int(syscall.EBUSY):
		runtime.UnlockOSThread()
		return false, nil
	case errno != 0:
		return errno == int(syscall.EOWNERDEAD), m.special(opMutexTryLock, errno)
	}
	racesync.Acquire(m.Pointer())
	return true, nil
}

// slice is the time that LockContext waits in C before it checks its context again.
const slice = 10 * time.Millisecond

// LockContext does what [Mutex.Lock] does, but returns soon after ctx ends
// (pthread_mutex_clocklock). The error is then the cause of ctx, such as context.DeadlineExceeded. Its other errors are
// those of Lock.
func (m *Mutex) LockContext(ctx context.Context) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	if ok, err := m.TryLock(); ok || err != nil {
		return err
	}
	runtime.LockOSThread()
	for {
		wait := slice
		if end, ok := ctx.Deadline(); ok {
			wait = min(wait, max(time.Until(end), time.Millisecond))
		}
		switch errno := cgo.MutexTimedLock(m.Pointer(), uint64(wait)); errno {
		case 0:
			racesync.Acquire(m.Pointer())
			return nil
		case int(syscall.ETIMEDOUT):
			if ctx.Err() != nil {
				runtime.UnlockOSThread()
				return ended(ctx)
			}
		default:
			return m.special(opMutexTimedLock, errno)
		}
	}
}

// Unlock releases the lock and wakes one waiter (pthread_mutex_unlock). After
// dpdk.ErrOwnerDead without Consistent it makes the mutex unusable for all processes.
//
// Errors: dpdk.ErrPermission if the calling goroutine does not own the lock;
// dpdk.ErrNotRecoverable; dpdk.ErrInvalid.
func (m *Mutex) Unlock() error {
	if m.kind() != ready {
		return m.uninitialized(opMutexUnlock)
	}
	racesync.Release(m.Pointer())
	var errno int
	if fastcall.Enabled {
		errno = int(fastcall.Call(cgo.MutexUnlockAddress, m.Pointer())) // waking a waiter does not block
	} else {
		errno = cgo.MutexUnlock(m.Pointer())
	}
	if errno != 0 {
		return mutexError(opMutexUnlock, errno, "this goroutine does not own the lock: only its owner may unlock it")
	}
	runtime.UnlockOSThread()
	return nil
}

// Consistent declares the protected data repaired after dpdk.ErrOwnerDead
// (pthread_mutex_consistent). Only the owner may call it. The error is dpdk.ErrInvalid if the
// last Lock did not return dpdk.ErrOwnerDead.
func (m *Mutex) Consistent() error {
	if m.kind() != ready {
		return m.uninitialized(opMutexConsistent)
	}
	if errno := cgo.MutexConsistent(m.Pointer()); errno != 0 {
		return mutexError(opMutexConsistent, errno, "no owner has died: call Consistent only after ErrOwnerDead")
	}
	return nil
}

// Owner returns the thread that holds the lock at this moment, and its process if this pid namespace has both. Start
// is zero. held is false if the lock is free, its owner has died, or libc is not glibc.
func (m *Mutex) Owner() (o Owner, held bool) {
	if m.kind() != ready {
		return Owner{}, false
	}
	o.Thread = cgo.MutexOwner(m.Pointer())
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", o.Thread))
	if _, after, ok := strings.Cut(string(status), "\nTgid:\t"); ok {
		line, _, _ := strings.Cut(after, "\n")
		o.Pid, _ = strconv.Atoi(line)
	}
	return o, o.Thread != 0
}

func (m *Mutex) try() int {
	if fastcall.Enabled {
		return int(fastcall.Call(cgo.MutexTryLockAddress, m.Pointer()))
	}
	return cgo.MutexTryLock(m.Pointer())
}

// special handles an error of C. Only with EOWNERDEAD does the caller own the lock, and
// remains locked to its thread.
func (m *Mutex) special(op string, errno int) error {
	var detail string
	switch syscall.Errno(errno) {
	case syscall.EOWNERDEAD:
		racesync.Acquire(m.Pointer())
		return mutexError(op, errno, "you own the lock now: repair the protected data, call Consistent, then Unlock")
	case syscall.ENOTRECOVERABLE:
		detail = "it was unlocked after ErrOwnerDead without Consistent: when no process uses it, zero its memory and call Init"
	case syscall.EDEADLK:
		detail = "this goroutine owns the lock already: unlock it first"
	}
	runtime.UnlockOSThread()
	return mutexError(op, errno, detail)
}

func (m *Mutex) uninitialized(op string) error {
	return check.Invalid(op, "", "the mutex is not initialized as process-shared, robust and error-checking: call Init first")
}

func ended(ctx context.Context) error {
	return &dpdk.Error{Op: opMutexTimedLock, Cause: context.Cause(ctx)}
}

func mutexError(op string, errno int, detail string) error {
	return &dpdk.Error{Op: op, Errno: dpdk.Errno(errno), Detail: detail}
}
