package lock

import (
	"context"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// OwnedRW is an [RW] that knows its writer and its readers in Go. In C it is a struct of 136 bytes,
// aligned to 8, that begins with an rte_rwlock_t: see "Owned locks" in the description of the package.
//
// A reader in Go is an [OwnedRWReader], of which a lock has at most [MaxReaders] at a time. Writers need
// none.
type OwnedRW struct {
	_ [0]sync.Mutex // lets go vet report copies
	// While a writer has the lock, its ID is above C's word. Otherwise there is a bit for each reader
	// that C's word counts, apart from readers in C.
	word uint64
	// readers are the owners of the bits. An owner.Mark is set while the named process removes the bit
	// of a dead reader.
	readers [MaxReaders]uint32
}

// MaxReaders is the maximum number of [OwnedRWReader]s of one [OwnedRW], in all processes.
const MaxReaders = 32

var rwForm = form{
	op:    "rte_rwlock_write_lock",
	free:  func(c uint32) bool { return c < writerIn },
	taken: func(uint32) uint32 { return writerIn },
	held:  func(c uint32) bool { return c&writerIn != 0 },
}

// Lock waits for the lock and takes it for writing. Its results are those of [OwnedSpin.Lock]. It
// removes readers that have died, and logs that. After some milliseconds it keeps new readers out.
//
// Implements: rte_rwlock_write_lock
func (l *OwnedRW) Lock() error {
	if !atomic.CompareAndSwapUint64(&l.word, 0, self(writerIn)) {
		return l.wait(context.Background(), func() { l.announce(); l.removeDead() })
	}
	racesync.Acquire(unsafe.Pointer(l))
	return nil
}

func (l *OwnedRW) wait(ctx context.Context, meanwhile func()) error {
	err := rwForm.wait(ctx, &l.word, meanwhile)
	racesync.Acquire(unsafe.Pointer(l))
	return err
}

// announce keeps new readers out. A waiter that dies leaves the bit behind: then readers ignore it after
// a while.
func (l *OwnedRW) announce() {
	if x := atomic.LoadUint64(&l.word); x&writer == 0 && x&(1<<32-1) != 0 {
		atomic.OrUint64(&l.word, writerWaits)
	}
}

// TryLock takes the lock for writing if it is free. Its results are those of [OwnedSpin.TryLock]. It does
// not look for dead readers.
//
// Implements: rte_rwlock_write_trylock
func (l *OwnedRW) TryLock() (bool, error) {
	ok, err := rwForm.tryLock(&l.word)
	if ok {
		racesync.Acquire(unsafe.Pointer(l))
	}
	return ok, err
}

// LockContext waits as [OwnedRW.Lock] does, until ctx ends. Then it returns the cause of ctx. It does
// not keep readers out meanwhile, so many readers can starve it.
func (l *OwnedRW) LockContext(ctx context.Context) error { return l.wait(ctx, l.removeDead) }

// Unlock releases the lock after writing. Its errors are those of [OwnedSpin.Unlock].
//
// Implements: rte_rwlock_write_unlock
func (l *OwnedRW) Unlock() error {
	racesync.Release(unsafe.Pointer(l))
	x := atomic.LoadUint64(&l.word)
	if x&writerIn == 0 || uint32(x>>32) != uint32(owner.Self()) {
		return rwForm.odd(&l.word)
	}
	atomic.AddUint64(&l.word, -self(writerIn)) // C's readers come and go meanwhile
	return nil
}

// Consistent declares the protected data repaired: see [OwnedSpin.Consistent].
func (l *OwnedRW) Consistent() error { return rwForm.consistent(&l.word) }

// Owner returns the process that writes: see [OwnedSpin.Owner].
func (l *OwnedRW) Owner() (o Owner, held bool) { return rwForm.owner(&l.word) }

// IsLocked reports whether a writer holds the lock at this moment.
//
// Implements: rte_rwlock_write_is_locked
func (l *OwnedRW) IsLocked() bool { return rwForm.held(uint32(atomic.LoadUint64(&l.word))) }

// Pointer returns the rte_rwlock_t, for C.
func (l *OwnedRW) Pointer() unsafe.Pointer { return unsafe.Pointer(&l.word) }

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
		x := atomic.LoadUint64(&r.lock.word)
		if x&writer != 0 || inside(x, r.i) {
			return false
		}
		if atomic.CompareAndSwapUint64(&r.lock.word, x, x+r.bit) {
			return true
		}
	}
}

// ignore takes a free lock for which a writer has waited too long: see wait.
func (r *OwnedRWReader) ignore() bool {
	switch {
	case atomic.LoadUint64(&r.lock.word) != writerWaits:
		r.waits = time.Time{}
		return false
	case r.waits.IsZero():
		r.waits = time.Now()
		return false
	case time.Since(r.waits) < lookAfter:
		return false
	}
	r.waits = time.Time{}
	return atomic.CompareAndSwapUint64(&r.lock.word, writerWaits, r.bit)
}

func (r *OwnedRWReader) wait(ctx context.Context) error {
	l := r.lock
	for p := (patience{}); !r.try(); p.turn() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		x := atomic.LoadUint64(&l.word)
		if inside(x, r.i) {
			return &dpdk.Error{Op: opReadLock, Errno: dpdk.ErrDeadlock, Detail: "this reader has the lock already: use one OwnedRWReader for each goroutine"}
		}
		if !p.over() {
			continue
		}
		// A living writer would have taken the free lock long ago, or sets its bit again.
		if x == writerWaits && atomic.CompareAndSwapUint64(&l.word, x, r.bit) {
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
		Detail: owner.Describe(id&^owner.Mark).String() + " ended while it held the lock for writing: call OwnedRW.Lock, repair the protected data, call Consistent, then Unlock"}
}

// RUnlock releases the lock after reading. The error is dpdk.ErrPermission if this reader does not have
// the lock.
//
// Implements: rte_rwlock_read_unlock
func (r *OwnedRWReader) RUnlock() error {
	racesync.Release(unsafe.Pointer(r.lock))
	if !inside(atomic.LoadUint64(&r.lock.word), r.i) {
		return &dpdk.Error{Op: opReadUnlock, Errno: dpdk.ErrPermission, Detail: "this reader does not have the lock: call RLock first"}
	}
	atomic.AddUint64(&r.lock.word, -r.bit)
	return nil
}

// Close gives up the reader's place. The error is dpdk.ErrBusy if the reader has the lock. A second Close
// does nothing. Other methods must not be called after it.
func (r *OwnedRWReader) Close() error {
	if r.lock == nil {
		return nil
	}
	if inside(atomic.LoadUint64(&r.lock.word), r.i) {
		return &dpdk.Error{Op: opReadLock, Errno: dpdk.ErrBusy, Detail: "this reader has the lock: call RUnlock first"}
	}
	atomic.StoreUint32(&r.lock.readers[r.i], 0)
	r.lock = nil
	return nil
}

// removeDead removes the dead readers that have the lock.
func (l *OwnedRW) removeDead() {
	x := atomic.LoadUint64(&l.word)
	if x&writerIn != 0 {
		return
	}
	for set := uint32(x >> 32); set != 0; set &= set - 1 {
		l.remove(bits.TrailingZeros32(set))
	}
}

// remove takes the lock from reader i, if its process has died, and frees its place. The place names the
// remover meanwhile: no other process can get it, or remove the reader of the next owner, and if the
// remover dies another one finishes its work.
func (l *OwnedRW) remove(i int) {
	id := atomic.LoadUint32(&l.readers[i])
	if id == 0 || id == unknown || !owner.Dead(owner.ID(id)&^owner.Mark) {
		return
	}
	dead := owner.Describe(owner.ID(id) &^ owner.Mark)
	if !atomic.CompareAndSwapUint32(&l.readers[i], id, uint32(owner.Self()|owner.Mark)) {
		return
	}
	one := uint64(1)<<(32+i) | reader
	for {
		x := atomic.LoadUint64(&l.word)
		if !inside(x, i) {
			break
		}
		if atomic.CompareAndSwapUint64(&l.word, x, x-one) {
			control.Logger().Warn("a lock was released that a dead process had for reading", "pid", dead.Pid)
			break
		}
	}
	atomic.StoreUint32(&l.readers[i], 0)
}
