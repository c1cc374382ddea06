package lock

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// Spin is a spinlock (rte_spinlock_t). It is the cheapest lock for few waiters, and unfair for
// many.
type Spin struct{ locked uint32 }

// Lock waits for the lock and takes it.
//
// Implements: rte_spinlock_lock
func (s *Spin) Lock() {
	if !atomic.CompareAndSwapUint32(&s.locked, 0, 1) {
		s.wait()
	}
	racesync.Acquire(unsafe.Pointer(s))
}

//go:noinline
func (s *Spin) wait() { // not inlined, so that Lock is
	var w wait.Backoff
	for atomic.LoadUint32(&s.locked) != 0 || !atomic.CompareAndSwapUint32(&s.locked, 0, 1) {
		w.Turn()
	}
}

// TryLock takes the lock if it is free, and reports whether it did.
//
// Implements: rte_spinlock_trylock
func (s *Spin) TryLock() bool {
	if !atomic.CompareAndSwapUint32(&s.locked, 0, 1) {
		return false
	}
	racesync.Acquire(unsafe.Pointer(s))
	return true
}

// LockContext waits as [Spin.Lock] does, until ctx ends. Then it returns the cause of ctx.
func (s *Spin) LockContext(ctx context.Context) error { return lockContext(ctx, s.TryLock) }

// Unlock releases the lock.
//
// Implements: rte_spinlock_unlock
func (s *Spin) Unlock() {
	racesync.Release(unsafe.Pointer(s))
	lockops.Store(&s.locked, 0)
}

// IsLocked reports whether the lock is held at this moment.
//
// Implements: rte_spinlock_is_locked
func (s *Spin) IsLocked() bool { return atomic.LoadUint32(&s.locked) != 0 }
