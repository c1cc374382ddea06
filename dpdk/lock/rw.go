package lock

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// RW is a lock of many readers or one writer (rte_rwlock_t). A writer that waits
// keeps new readers out, so a reader must not take it twice.
type RW struct{ cnt int32 }

// What RW's word holds: writerWaits and writerIn, and the readers that are in, each
// as reader.
const (
	writerWaits = 1 << iota
	writerIn
	reader
	writer = writerWaits | writerIn
)

// RLock waits until the caller may read (rte_rwlock_read_lock).
func (l *RW) RLock() {
	if !l.tryRead() {
		l.waitRead()
	}
	racesync.Acquire(unsafe.Pointer(l))
}

// tryRead counts the caller in, unless there is a writer.
func (l *RW) tryRead() bool {
	if atomic.LoadInt32(&l.cnt)&writer != 0 {
		return false
	}
	if atomic.AddInt32(&l.cnt, reader)&writer == 0 {
		return true
	}
	atomic.AddInt32(&l.cnt, -reader) // the writer was faster
	return false
}

func (l *RW) waitRead() {
	var w lockops.Wait
	for !l.tryRead() {
		w.Turn()
	}
}

// TryRLock takes the lock for reading if no writer has it or waits for it
// (rte_rwlock_read_trylock).
func (l *RW) TryRLock() bool {
	if !l.tryRead() {
		return false
	}
	racesync.Acquire(unsafe.Pointer(l))
	return true
}

// RLockContext is RLock until ctx ends; then it returns the cause of that.
func (l *RW) RLockContext(ctx context.Context) error { return lockContext(ctx, l.TryRLock) }

// RUnlock ends reading (rte_rwlock_read_unlock).
func (l *RW) RUnlock() {
	racesync.Release(unsafe.Pointer(l))
	atomic.AddInt32(&l.cnt, -reader)
}

// Lock waits until the caller may write (rte_rwlock_write_lock).
func (l *RW) Lock() {
	if !atomic.CompareAndSwapInt32(&l.cnt, 0, writerIn) {
		l.waitWrite()
	}
	racesync.Acquire(unsafe.Pointer(l))
}

func (l *RW) waitWrite() {
	var w lockops.Wait
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

// TryLock takes the lock for writing if nobody has it (rte_rwlock_write_trylock).
func (l *RW) TryLock() bool {
	x := atomic.LoadInt32(&l.cnt)
	if x >= writerIn || !atomic.CompareAndSwapInt32(&l.cnt, x, x+writerIn) {
		return false
	}
	racesync.Acquire(unsafe.Pointer(l))
	return true
}

// LockContext waits until nobody has the lock, or ctx ends; then it returns the cause
// of that. It keeps no readers out meanwhile, and many of them can starve it.
func (l *RW) LockContext(ctx context.Context) error { return lockContext(ctx, l.TryLock) }

// Unlock ends writing (rte_rwlock_write_unlock).
func (l *RW) Unlock() {
	racesync.Release(unsafe.Pointer(l))
	atomic.AddInt32(&l.cnt, -writerIn)
}

// IsLocked says whether a writer has the lock, as of now (rte_rwlock_write_is_locked).
func (l *RW) IsLocked() bool { return atomic.LoadInt32(&l.cnt)&writerIn != 0 }
