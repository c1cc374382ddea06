package lock

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/racesync"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// RW is a lock for many readers or one writer (rte_rwlock_t). A waiting writer keeps new
// readers out, so a reader must not take the lock twice.
type RW struct{ cnt int32 }

// Bits of RW's word: writerWaits, writerIn, and above them the number of readers.
const (
	writerWaits = 1 << iota
	writerIn
	reader
	writer = writerWaits | writerIn
)

// RLock waits for the lock and takes it for reading.
//
// Implements: rte_rwlock_read_lock
func (l *RW) RLock() {
	if !l.tryRead() {
		l.waitRead()
	}
	racesync.Acquire(unsafe.Pointer(l))
}

// tryRead counts the caller in unless a writer waits or holds the lock.
func (l *RW) tryRead() bool {
	if atomic.LoadInt32(&l.cnt)&writer != 0 {
		return false
	}
	if atomic.AddInt32(&l.cnt, reader)&writer == 0 {
		return true
	}
	atomic.AddInt32(&l.cnt, -reader) // a writer came first
	return false
}

func (l *RW) waitRead() {
	var w wait.Backoff
	for !l.tryRead() {
		w.Turn()
	}
}

// TryRLock takes the lock for reading unless a writer holds it or waits for it, and reports
// whether it did.
//
// Implements: rte_rwlock_read_trylock
func (l *RW) TryRLock() bool {
	if !l.tryRead() {
		return false
	}
	racesync.Acquire(unsafe.Pointer(l))
	return true
}

// RLockContext waits as [RW.RLock] does, until ctx ends. Then it returns the cause of ctx.
func (l *RW) RLockContext(ctx context.Context) error { return lockContext(ctx, l.TryRLock) }

// RUnlock releases the lock after reading.
//
// Implements: rte_rwlock_read_unlock
func (l *RW) RUnlock() {
	racesync.Release(unsafe.Pointer(l))
	atomic.AddInt32(&l.cnt, -reader)
}

// Lock waits for the lock and takes it for writing.
//
// Implements: rte_rwlock_write_lock
func (l *RW) Lock() {
	if !atomic.CompareAndSwapInt32(&l.cnt, 0, writerIn) {
		l.waitWrite()
	}
	racesync.Acquire(unsafe.Pointer(l))
}

func (l *RW) waitWrite() {
	var w wait.Backoff
	for {
		x := atomic.LoadInt32(&l.cnt)
		if x < writerIn && atomic.CompareAndSwapInt32(&l.cnt, x, writerIn) {
			return
		}
		if x&writerWaits == 0 {
			atomic.OrInt32(&l.cnt, writerWaits)
		}
		for atomic.LoadInt32(&l.cnt) > writerWaits {
			w.Turn()
		}
	}
}

// TryLock takes the lock for writing if it is free, and reports whether it did.
//
// Implements: rte_rwlock_write_trylock
func (l *RW) TryLock() bool {
	x := atomic.LoadInt32(&l.cnt)
	if x >= writerIn || !atomic.CompareAndSwapInt32(&l.cnt, x, x+writerIn) {
		return false
	}
	racesync.Acquire(unsafe.Pointer(l))
	return true
}

// LockContext waits until the lock is free or ctx ends. In the second case it returns the
// cause of ctx. It does not keep readers out meanwhile, so many readers can starve it.
func (l *RW) LockContext(ctx context.Context) error { return lockContext(ctx, l.TryLock) }

// Unlock releases the lock after writing.
//
// Implements: rte_rwlock_write_unlock
func (l *RW) Unlock() {
	racesync.Release(unsafe.Pointer(l))
	atomic.AddInt32(&l.cnt, -writerIn)
}

// IsLocked reports whether a writer holds the lock at this moment.
//
// Implements: rte_rwlock_write_is_locked
func (l *RW) IsLocked() bool { return atomic.LoadInt32(&l.cnt)&writerIn != 0 }
