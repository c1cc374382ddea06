package lock

import (
	"context"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// OwnedSpin is a [Spin] that knows its owner. In C it is a struct of 16 bytes, aligned to 8, that begins
// with an rte_spinlock_t. C programs use that spinlock: see "Owned locks" in the description of the package.
type OwnedSpin struct {
	_   [0]sync.Mutex // lets go vet report copies
	own owned
}

var spinForm = form{
	op:    "rte_spinlock_lock",
	un:    "rte_spinlock_unlock",
	free:  func(c uint32) bool { return c == 0 },
	taken: func(uint32) uint32 { return 1 },
	held:  func(c uint32) bool { return c != 0 },
}

// Lock waits for the lock and takes it. The caller owns the lock if the error is nil or
// dpdk.ErrOwnerDead. In the second case the last owner died while it held the lock, and the error names
// its process: repair the protected data, call [OwnedSpin.Consistent], then [OwnedSpin.Unlock].
//
// The other error is dpdk.ErrNotRecoverable: a process has called Unlock after ErrOwnerDead without
// Consistent.
//
// Implements: rte_spinlock_lock
func (s *OwnedSpin) Lock() error {
	if !atomic.CompareAndSwapUint64(&s.own.word, 0, self(1)) {
		return s.wait(context.Background())
	}
	s.own.taken()
	racesync.Acquire(unsafe.Pointer(s))
	return nil
}

func (s *OwnedSpin) wait(ctx context.Context) error {
	err := spinForm.wait(ctx, &s.own, nil)
	racesync.Acquire(unsafe.Pointer(s))
	return err
}

// TryLock takes the lock if it is free, and reports whether the caller owns it now, which includes the
// case dpdk.ErrOwnerDead. It looks for a dead owner once in some milliseconds at most, because that is a
// system call, so call it again while it returns false. Its errors are those of [OwnedSpin.Lock].
//
// Implements: rte_spinlock_trylock
func (s *OwnedSpin) TryLock() (bool, error) {
	ok, err := spinForm.tryLock(&s.own)
	if ok {
		racesync.Acquire(unsafe.Pointer(s))
	}
	return ok, err
}

// LockContext waits as [OwnedSpin.Lock] does, until ctx ends. Then it returns the cause of ctx.
func (s *OwnedSpin) LockContext(ctx context.Context) error { return s.wait(ctx) }

// Unlock releases the lock. After dpdk.ErrOwnerDead without [OwnedSpin.Consistent] the lock stays locked
// for C programs, and all methods return dpdk.ErrNotRecoverable. The error is dpdk.ErrPermission if this
// process does not own the lock.
//
// Implements: rte_spinlock_unlock
func (s *OwnedSpin) Unlock() error {
	racesync.Release(unsafe.Pointer(s))
	if atomic.LoadUint64(&s.own.word) != self(1) {
		return spinForm.odd(&s.own)
	}
	s.own.released()
	lockops.Store64(&s.own.word, 0)
	return nil
}

// Consistent declares the protected data repaired after dpdk.ErrOwnerDead. The error is
// dpdk.ErrInvalid if this process has not taken the lock from a dead owner.
func (s *OwnedSpin) Consistent() error { return spinForm.consistent(&s.own) }

// Owner returns the process that holds the lock at this moment. held is false if the lock is free, not
// recoverable, or held by a C program or another process without an owner's ID.
func (s *OwnedSpin) Owner() (o Owner, held bool) { return spinForm.owner(&s.own) }

// IsLocked reports whether the lock is held at this moment.
//
// Implements: rte_spinlock_is_locked
func (s *OwnedSpin) IsLocked() bool { return uint32(atomic.LoadUint64(&s.own.word)) != 0 }

// Pointer returns the rte_spinlock_t, for C.
func (s *OwnedSpin) Pointer() unsafe.Pointer { return unsafe.Pointer(&s.own.word) }
