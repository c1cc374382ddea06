package lock

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// OwnedRWReader takes an [OwnedRW] for reading. It belongs to one goroutine at a time.
type OwnedRWReader struct {
	lock *OwnedRW
	i    int
	bit  uint64 // and C's count of one reader

	waits time.Time // when TryRLock first saw a free lock for which only a writer waits
}

// NewReader returns a reader of the lock. Its place is in use until [OwnedRWReader.Close], or until the
// process has died and another one needs the place. The error is dpdk.ErrNoSpace if all places are in
// use.
func (l *OwnedRW) NewReader() (*OwnedRWReader, error) {
	for _, dead := range []bool{false, true} {
		if dead {
			for i := range l.readers {
				l.remove(i)
			}
		}
		for i := range l.readers {
			if atomic.CompareAndSwapUint32(&l.readers[i], 0, max(uint32(owner.Self()), unknown)) {
				return &OwnedRWReader{lock: l, i: i, bit: 1<<(32+i) | reader}, nil
			}
		}
	}
	return nil, &dpdk.Error{Op: opReadLock, Errno: dpdk.ErrNoSpace, Detail: fmt.Sprintf("all %d readers of the lock are in use: Close one, or share it between goroutines", MaxReaders)}
}

const (
	opReadLock   = "rte_rwlock_read_lock"
	opReadUnlock = "rte_rwlock_read_unlock"
)

// unknown is the owner of a place if its process has no ID. No process has this ID.
const unknown = 1

// RLock waits for the lock and takes it for reading. The caller does not have the lock if there is an
// error: dpdk.ErrOwnerDead if a writer died while it held the lock, so that some process must call
// [OwnedRW.Lock] and repair the data; dpdk.ErrNotRecoverable; dpdk.ErrDeadlock if the reader has the lock
// already.
//
// Implements: rte_rwlock_read_lock
func (r *OwnedRWReader) RLock() error {
	if !r.try() {
		if err := r.wait(context.Background()); err != nil {
			return err
		}
	}
	racesync.Acquire(unsafe.Pointer(r.lock))
	return nil
}

// RLockContext waits as [OwnedRWReader.RLock] does, until ctx ends. Then it returns the cause of ctx.
func (r *OwnedRWReader) RLockContext(ctx context.Context) error {
	if err := r.wait(ctx); err != nil {
		return err
	}
	racesync.Acquire(unsafe.Pointer(r.lock))
	return nil
}

// TryRLock takes the lock for reading unless a writer holds it or waits for it, and reports whether it
// did. It ignores a writer that has died while it waited, after some milliseconds. It does not look for a
// writer that has died while it held the lock: call [OwnedRWReader.RLockContext] if TryRLock returns false
// for long.
//
// Implements: rte_rwlock_read_trylock
func (r *OwnedRWReader) TryRLock() bool {
	if !r.try() && !r.ignore() {
		return false
	}
	racesync.Acquire(unsafe.Pointer(r.lock))
	return true
}

// inside reports whether the word x counts reader i.
func inside(x uint64, i int) bool { return x&writerIn == 0 && x>>(32+i)&1 != 0 }

// try counts the reader in unless a writer holds the lock or waits for it.
func (r *OwnedRWReader) try() bool {
	for {
		x := atomic.LoadUint64(&r.lock.own.word)
		if x&writer != 0 || inside(x, r.i) {
			return false
		}
		if atomic.CompareAndSwapUint64(&r.lock.own.word, x, x+r.bit) {
			return true
		}
	}
}

// ignore takes a free lock for which a writer has waited too long: see wait.
func (r *OwnedRWReader) ignore() bool {
	switch {
	case atomic.LoadUint64(&r.lock.own.word) != writerWaits:
		r.waits = time.Time{}
		return false
	case r.waits.IsZero():
		r.waits = time.Now()
		return false
	case time.Since(r.waits) < lookAfter:
		return false
	}
	r.waits = time.Time{}
	return atomic.CompareAndSwapUint64(&r.lock.own.word, writerWaits, r.bit)
}

func (r *OwnedRWReader) wait(ctx context.Context) error {
	l := r.lock
	for p := (patience{}); !r.try(); p.turn() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		x := atomic.LoadUint64(&l.own.word)
		if inside(x, r.i) {
			return &dpdk.Error{Op: opReadLock, Errno: dpdk.ErrDeadlock, Detail: "this reader has the lock already: use one OwnedRWReader for each goroutine"}
		}
		if !p.over() {
			continue
		}
		// A living writer would have taken the free lock long ago, or sets its bit again.
		if x == writerWaits && atomic.CompareAndSwapUint64(&l.own.word, x, r.bit) {
			return nil
		}
		if err := l.deadWriter(x); err != nil {
			return err
		}
	}
	return nil
}

// deadWriter returns an error if the writer in the word x has died.
func (l *OwnedRW) deadWriter(x uint64) error {
	id := owner.ID(x >> 32)
	switch {
	case x&writerIn == 0:
		return nil
	case uint32(id) == gone:
		return rwForm.unrecoverable()
	case !owner.Dead(id &^ owner.Mark):
		return nil
	}
	return &dpdk.Error{Op: opReadLock, Errno: dpdk.ErrOwnerDead,
		Detail: l.own.owner(id&^owner.Mark).ended() + " for writing: call OwnedRW.Lock, repair the protected data, call Consistent, then Unlock"}
}

// RUnlock releases the lock after reading. The error is dpdk.ErrPermission if this reader does not have
// the lock.
//
// Implements: rte_rwlock_read_unlock
func (r *OwnedRWReader) RUnlock() error {
	racesync.Release(unsafe.Pointer(r.lock))
	if !inside(atomic.LoadUint64(&r.lock.own.word), r.i) {
		return &dpdk.Error{Op: opReadUnlock, Errno: dpdk.ErrPermission, Detail: "this reader does not have the lock: call RLock first"}
	}
	atomic.AddUint64(&r.lock.own.word, -r.bit)
	return nil
}

// Close gives up the reader's place. The error is dpdk.ErrBusy if the reader has the lock. A second Close
// does nothing. Other methods must not be called after it.
func (r *OwnedRWReader) Close() error {
	if r.lock == nil {
		return nil
	}
	if inside(atomic.LoadUint64(&r.lock.own.word), r.i) {
		return &dpdk.Error{Op: opReadLock, Errno: dpdk.ErrBusy, Detail: "this reader has the lock: call RUnlock first"}
	}
	atomic.StoreUint32(&r.lock.readers[r.i], 0)
	r.lock = nil
	return nil
}
