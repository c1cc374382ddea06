package lock

import (
	"context"
	"math/bits"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// OwnedRW is an [RW] that knows its writer and its readers in Go. In C it is a struct of 144 bytes,
// aligned to 8, that begins with an rte_rwlock_t: see "Owned locks" in the description of the package.
//
// A reader in Go is an [OwnedRWReader], of which a lock has at most [MaxReaders] at a time. Writers need
// none.
type OwnedRW struct {
	_ [0]sync.Mutex // lets go vet report copies
	// While a writer has the lock, its ID is above C's word. Otherwise there is a bit for each reader
	// that C's word counts, apart from readers in C.
	own owned
	// readers are the owners of the bits. An owner.Mark is set while the named process removes the bit
	// of a dead reader.
	readers [MaxReaders]uint32
}

// MaxReaders is the maximum number of [OwnedRWReader]s of one [OwnedRW], in all processes.
const MaxReaders = 32

var rwForm = form{
	op:    "rte_rwlock_write_lock",
	un:    "rte_rwlock_write_unlock",
	free:  func(c uint32) bool { return c < writerIn },
	taken: func(uint32) uint32 { return writerIn },
	held:  func(c uint32) bool { return c&writerIn != 0 },
}

// Lock waits for the lock and takes it for writing. Its results are those of [OwnedSpin.Lock]. It
// removes readers that have died, and logs that. After some milliseconds it keeps new readers out.
//
// Implements: rte_rwlock_write_lock
func (l *OwnedRW) Lock() error {
	if !atomic.CompareAndSwapUint64(&l.own.word, 0, self(writerIn)) {
		return l.wait(context.Background(), func() { l.announce(); l.removeDead() })
	}
	l.own.taken()
	racesync.Acquire(unsafe.Pointer(l))
	return nil
}

func (l *OwnedRW) wait(ctx context.Context, meanwhile func()) error {
	err := rwForm.wait(ctx, &l.own, meanwhile)
	racesync.Acquire(unsafe.Pointer(l))
	return err
}

// announce keeps new readers out. A waiter that dies leaves the bit behind: then readers ignore it after
// a while.
func (l *OwnedRW) announce() {
	if x := atomic.LoadUint64(&l.own.word); x&writer == 0 && x&(1<<32-1) != 0 {
		atomic.OrUint64(&l.own.word, writerWaits)
	}
}

// TryLock takes the lock for writing if it is free. Its results are those of [OwnedSpin.TryLock]. It does
// not look for dead readers.
//
// Implements: rte_rwlock_write_trylock
func (l *OwnedRW) TryLock() (bool, error) {
	ok, err := rwForm.tryLock(&l.own)
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
	x := atomic.LoadUint64(&l.own.word)
	if x&writerIn == 0 || uint32(x>>32) != uint32(owner.Self()) {
		return rwForm.odd(&l.own)
	}
	l.own.released()
	atomic.AddUint64(&l.own.word, -self(writerIn)) // C's readers come and go meanwhile
	return nil
}

// Consistent declares the protected data repaired: see [OwnedSpin.Consistent].
func (l *OwnedRW) Consistent() error { return rwForm.consistent(&l.own) }

// Owner returns the process that writes: see [OwnedSpin.Owner].
func (l *OwnedRW) Owner() (o Owner, held bool) { return rwForm.owner(&l.own) }

// IsLocked reports whether a writer holds the lock at this moment.
//
// Implements: rte_rwlock_write_is_locked
func (l *OwnedRW) IsLocked() bool { return rwForm.held(uint32(atomic.LoadUint64(&l.own.word))) }

// Pointer returns the rte_rwlock_t, for C.
func (l *OwnedRW) Pointer() unsafe.Pointer { return unsafe.Pointer(&l.own.word) }

// removeDead removes the dead readers that have the lock.
func (l *OwnedRW) removeDead() {
	x := atomic.LoadUint64(&l.own.word)
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
		x := atomic.LoadUint64(&l.own.word)
		if !inside(x, i) {
			break
		}
		if atomic.CompareAndSwapUint64(&l.own.word, x, x-one) {
			control.Logger().Warn("a lock was released that a dead process had for reading", "pid", dead.Pid)
			break
		}
	}
	atomic.StoreUint32(&l.readers[i], 0)
}
