package lock

import (
	"context"
	"runtime"
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

// Errors of a Mutex, for errors.Is.
var (
	// ErrOwnerDead comes with the lock: its owner has died holding it.
	ErrOwnerDead error = dpdk.ErrOwnerDead
	// ErrNotRecoverable says that the mutex was unlocked after ErrOwnerDead without
	// Consistent: nobody gets it any more.
	ErrNotRecoverable error = dpdk.ErrNotRecoverable
	// ErrDeadlock says that the caller has the lock already.
	ErrDeadlock error = dpdk.ErrDeadlock
	// ErrNotOwner says that another thread has the lock, or none.
	ErrNotOwner error = dpdk.ErrPermission
)

// Mutex is a lock in shared memory whose owner may die: a pthread_mutex_t that
// processes share, robust and error-checking. When its owner's thread or process
// ends, killed or not, the kernel hands the lock to whoever waits or comes next,
// with ErrOwnerDead:
//
//	err := mu.Lock()
//	if errors.Is(err, lock.ErrOwnerDead) {
//		repair() // what the dead one may have left half done
//		err = mu.Consistent()
//	}
//	if err != nil {
//		return err
//	}
//	defer mu.Unlock()
//
// Put it into a struct for memzone.CreateValue and call Init before other processes
// look the zone up. A C program sees a pthread_mutex_t there; one that C made must have
// PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_ROBUST and PTHREAD_MUTEX_ERRORCHECK. A Mutex
// whose Init nobody has called is refused with dpdk.ErrInvalid by all methods. A Mutex
// must not be copied, nor its memory be freed while somebody has it.
//
// The owner is a thread of the operating system. A locked Mutex therefore keeps its
// goroutine on its thread (runtime.LockOSThread) until Unlock, which the same goroutine
// must call. A goroutine that ends without Unlock ends its thread, and the next one
// gets ErrOwnerDead; only the process's first thread Go never ends, so do not rely on it.
//
// All methods may be called from any goroutine, in every process role, and do not
// need EAL.
//
// Uncontended Lock and Unlock take 20 ns together, 1.3 of C, more than a Spin takes, for
// they note the owner for the kernel. Who finds it taken sleeps in the kernel: a few
// microseconds, and a thread for each waiting goroutine. Take it for what must survive
// the death of its holder, and where holders may be descheduled, which every goroutine may;
// keep it off the data path.
type Mutex struct {
	_     [0]sync.Mutex // for vet: not to be copied
	words [cgo.MutexSizeof / 8]uint64
}

// ready is the kind of a mutex as Init makes it.
var ready = func() uint32 {
	m := new(Mutex)
	if cgo.MutexInit(m.Pointer()) != 0 {
		return 0 // no libc lacks these mutexes; Init says what is wrong
	}
	return m.kind()
}()

// kind says what the mutex is. libc writes it last, and never again.
func (m *Mutex) kind() uint32 {
	return atomic.LoadUint32((*uint32)(unsafe.Add(m.Pointer(), cgo.MutexKind)))
}

// Pointer is the pthread_mutex_t, for C.
func (m *Mutex) Pointer() unsafe.Pointer { return unsafe.Pointer(&m.words) }

// Init makes a mutex of zeroed memory, unlocked (pthread_mutex_init). One process
// calls it, once; the error is dpdk.ErrExist if the mutex was made before.
func (m *Mutex) Init() error {
	if m.kind() == ready && ready != 0 {
		return mutexError(opMutexInit, int(dpdk.ErrExist), "it is a mutex already, which somebody may have: Init is for zeroed memory")
	}
	if errno := cgo.MutexInit(m.Pointer()); errno != 0 {
		return mutexError(opMutexInit, errno, "")
	}
	return nil
}

// Lock waits for the lock and takes it (pthread_mutex_lock). With nil and with
// ErrOwnerDead the caller has it. It waits for as long as the owner lives and keeps
// it, stopped or not: LockContext does not.
//
// Errors: ErrOwnerDead, ErrNotRecoverable, ErrDeadlock, dpdk.ErrInvalid.
func (m *Mutex) Lock() error {
	if m.kind() != ready {
		return m.unmade(opMutexLock)
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

// TryLock takes the lock if it is free (pthread_mutex_trylock). It says whether the
// caller has it now, which with ErrOwnerDead is so too. It does not wait. Errors are
// those of Lock.
func (m *Mutex) TryLock() (bool, error) {
	if m.kind() != ready {
		return false, m.unmade(opMutexTryLock)
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

// slice is how long LockContext waits in C before it looks at its context again.
const slice = 10 * time.Millisecond

// LockContext is Lock that gives up when ctx ends, within about 10 ms
// (pthread_mutex_clocklock). Its error then is the cause that ctx gives, such as
// context.DeadlineExceeded. Other errors are those of Lock.
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

// Unlock gives the lock up and wakes one who waits (pthread_mutex_unlock). After
// ErrOwnerDead without Consistent it makes the mutex unusable for all.
//
// Errors: ErrNotOwner, if another goroutine has the lock or nobody, ErrNotRecoverable,
// dpdk.ErrInvalid.
func (m *Mutex) Unlock() error {
	if m.kind() != ready {
		return m.unmade(opMutexUnlock)
	}
	racesync.Release(m.Pointer())
	var errno int
	if fastcall.Enabled {
		errno = int(fastcall.Call(cgo.MutexUnlockAddress, m.Pointer())) // to wake somebody does not block
	} else {
		errno = cgo.MutexUnlock(m.Pointer())
	}
	if errno != 0 {
		return mutexError(opMutexUnlock, errno, "this goroutine does not have the lock")
	}
	runtime.UnlockOSThread()
	return nil
}

// Consistent says that what the mutex protects is in order again, after ErrOwnerDead
// (pthread_mutex_consistent). It is for the holder. The error is dpdk.ErrInvalid if the mutex
// has not lost its owner.
func (m *Mutex) Consistent() error {
	if m.kind() != ready {
		return m.unmade(opMutexConsistent)
	}
	if errno := cgo.MutexConsistent(m.Pointer()); errno != 0 {
		return mutexError(opMutexConsistent, errno, "no owner has died: this is for after ErrOwnerDead")
	}
	return nil
}

func (m *Mutex) try() int {
	if fastcall.Enabled {
		return int(fastcall.Call(cgo.MutexTryLockAddress, m.Pointer()))
	}
	return cgo.MutexTryLock(m.Pointer())
}

// special ends an attempt that C answers with an error: only a dead owner's lock is the
// caller's, and keeps its thread.
func (m *Mutex) special(op string, errno int) error {
	var detail string
	switch syscall.Errno(errno) {
	case syscall.EOWNERDEAD:
		racesync.Acquire(m.Pointer())
		return mutexError(op, errno, "the lock is yours: repair what it protects, call Consistent, and Unlock")
	case syscall.ENOTRECOVERABLE:
		detail = "it was unlocked after its owner's death without Consistent: zero its memory and call Init when nobody uses it"
	case syscall.EDEADLK:
		detail = "this goroutine has the lock already"
	}
	runtime.UnlockOSThread()
	return mutexError(op, errno, detail)
}

func (m *Mutex) unmade(op string) error {
	return check.Invalid(op, "", "it is no robust, error-checking mutex that processes share: call Init first")
}

func ended(ctx context.Context) error {
	return &dpdk.Error{Op: opMutexTimedLock, Cause: context.Cause(ctx)}
}

func mutexError(op string, errno int, detail string) error {
	return &dpdk.Error{Op: op, Errno: dpdk.Errno(errno), Detail: detail}
}
