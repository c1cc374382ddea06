package lock

import (
	"context"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// OwnedSeq is a [Seq] that knows its writer. In C it is a struct of 24 bytes, aligned to 8, with an
// rte_seqlock_t at offset 4: see "Owned locks" in the description of the package. Readers write nothing, so a dead reader leaves
// nothing behind. After the death of a writer readers retry until another process has taken the lock,
// repaired the data, and unlocked it.
type OwnedSeq struct {
	_     [0]sync.Mutex // lets go vet report copies
	_     [0]uint64     // aligns own in C's struct too
	_     uint32
	count SeqCount
	own   owned // C's spinlock
}

// ReadBegin returns the number to pass to ReadRetry: see [SeqCount.ReadBegin].
//
// Implements: rte_seqlock_read_begin
func (s *OwnedSeq) ReadBegin() uint32 { return s.count.ReadBegin() }

// ReadRetry reports whether the reader must read again: see [SeqCount.ReadRetry].
//
// Implements: rte_seqlock_read_retry
func (s *OwnedSeq) ReadRetry(begin uint32) bool { return s.count.ReadRetry(begin) }

var seqForm = form{
	op:    "rte_seqlock_write_lock",
	un:    "rte_seqlock_write_unlock",
	free:  spinForm.free,
	taken: spinForm.taken,
	held:  spinForm.held,
}

// Lock waits for the lock and takes it for writing. Readers wait until Unlock. Its results are those of
// [OwnedSpin.Lock].
//
// Implements: rte_seqlock_write_lock
func (s *OwnedSeq) Lock() error {
	if !atomic.CompareAndSwapUint64(&s.own.word, 0, self(1)) {
		return s.begun(true, seqForm.wait(context.Background(), &s.own, nil))
	}
	s.own.taken()
	racesync.Acquire(unsafe.Pointer(s))
	s.count.WriteBegin()
	return nil
}

// begun begins a write if the caller has the lock. A dead writer may have begun it.
func (s *OwnedSeq) begun(ok bool, err error) error {
	if !ok || err != nil && !isOwnerDead(err) {
		return err
	}
	racesync.Acquire(unsafe.Pointer(s))
	if atomic.LoadUint32(&s.count.sn)&1 == 0 {
		s.count.WriteBegin()
	}
	return err
}

// TryLock takes the lock for writing unless a writer holds it. Its results are those of
// [OwnedSpin.TryLock].
func (s *OwnedSeq) TryLock() (bool, error) {
	ok, err := seqForm.tryLock(&s.own)
	return ok, s.begun(ok, err)
}

// LockContext waits as [OwnedSeq.Lock] does, until ctx ends. Then it returns the cause of ctx.
func (s *OwnedSeq) LockContext(ctx context.Context) error {
	return s.begun(true, seqForm.wait(ctx, &s.own, nil))
}

// Unlock releases the lock after writing. After dpdk.ErrOwnerDead without [OwnedSeq.Consistent] readers
// wait for ever. Its errors are those of [OwnedSpin.Unlock].
//
// Implements: rte_seqlock_write_unlock
func (s *OwnedSeq) Unlock() error {
	if atomic.LoadUint64(&s.own.word) != self(1) {
		return seqForm.odd(&s.own)
	}
	s.count.WriteEnd()
	s.own.released()
	lockops.Store64(&s.own.word, 0)
	return nil
}

// Consistent declares the protected data repaired: see [OwnedSpin.Consistent].
func (s *OwnedSeq) Consistent() error { return seqForm.consistent(&s.own) }

// Owner returns the process that writes: see [OwnedSpin.Owner].
func (s *OwnedSeq) Owner() (o Owner, held bool) { return seqForm.owner(&s.own) }

// IsLocked reports whether a writer holds the lock at this moment.
func (s *OwnedSeq) IsLocked() bool { return uint32(atomic.LoadUint64(&s.own.word)) != 0 }

// Pointer returns the rte_seqlock_t, for C.
func (s *OwnedSeq) Pointer() unsafe.Pointer { return unsafe.Pointer(&s.count) }
