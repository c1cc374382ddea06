package lock

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// Spin is a spinlock (rte_spinlock_t). Whoever looks at the right moment gets it:
// the cheapest lock when few want it, and unfair when many do.
type Spin struct{ locked uint32 }

// Lock waits until the lock is the caller's (rte_spinlock_lock).
func (s *Spin) Lock() {
	if !atomic.CompareAndSwapUint32(&s.locked, 0, 1) {
		s.wait()
	}
	racesync.Acquire(unsafe.Pointer(s))
}

func (s *Spin) wait() {
	var w lockops.Wait
	for atomic.LoadUint32(&s.locked) != 0 || !atomic.CompareAndSwapUint32(&s.locked, 0, 1) {
		w.Turn()
	}
}

// TryLock takes the lock if it is free (rte_spinlock_trylock).
func (s *Spin) TryLock() bool {
	if !atomic.CompareAndSwapUint32(&s.locked, 0, 1) {
		return false
	}
	racesync.Acquire(unsafe.Pointer(s))
	return true
}

// LockContext is Lock until ctx ends; then it returns the cause of that.
func (s *Spin) LockContext(ctx context.Context) error { return lockContext(ctx, s.TryLock) }

// Unlock gives the lock back (rte_spinlock_unlock).
func (s *Spin) Unlock() {
	racesync.Release(unsafe.Pointer(s))
	lockops.Store(&s.locked, 0)
}

// IsLocked says whether somebody has the lock, as of now (rte_spinlock_is_locked).
func (s *Spin) IsLocked() bool { return atomic.LoadUint32(&s.locked) != 0 }
