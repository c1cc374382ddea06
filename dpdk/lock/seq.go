package lock

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// SeqCount is a sequence count (rte_seqcount_t): one writer at a time, which never waits, and
// readers that read again if the writer wrote meanwhile. [Seq] serializes several writers.
// [SeqValue] reads and writes without tearing. With SeqCount or Seq, access the data with
// sync/atomic.
type SeqCount struct{ sn uint32 }

// ReadBegin returns the number to pass to ReadRetry after reading.
//
// Implements: rte_seqcount_read_begin
func (c *SeqCount) ReadBegin() uint32 { return atomic.LoadUint32(&c.sn) }

// ReadRetry reports whether a writer wrote since ReadBegin, so that the reader must discard
// its data and read again. Yield after several retries: the writer may need the CPU.
//
// Implements: rte_seqcount_read_retry
func (c *SeqCount) ReadRetry(begin uint32) bool {
	if begin&1 != 0 || atomic.LoadUint32(&c.sn) != begin {
		return true
	}
	racesync.Acquire(unsafe.Pointer(c))
	return false
}

// WriteBegin marks the begin of the writes. Readers wait until WriteEnd.
//
// Implements: rte_seqcount_write_begin
func (c *SeqCount) WriteBegin() { lockops.SeqBegin(&c.sn) }

// WriteEnd marks the end of the writes.
//
// Implements: rte_seqcount_write_end
func (c *SeqCount) WriteEnd() {
	racesync.Release(unsafe.Pointer(c))
	lockops.SeqEnd(&c.sn)
}

// Seq is a sequence lock (rte_seqlock_t): a [SeqCount] with a [Spin] for the writers. Readers
// write nothing, so they do not slow a writer down.
type Seq struct {
	count SeqCount
	lock  Spin
}

// ReadBegin returns the number to pass to ReadRetry: see [SeqCount.ReadBegin].
//
// Implements: rte_seqlock_read_begin
func (s *Seq) ReadBegin() uint32 { return s.count.ReadBegin() }

// ReadRetry reports whether the reader must read again: see [SeqCount.ReadRetry].
//
// Implements: rte_seqlock_read_retry
func (s *Seq) ReadRetry(begin uint32) bool { return s.count.ReadRetry(begin) }

// Lock waits for the lock and takes it for writing. Readers wait until Unlock.
//
// Implements: rte_seqlock_write_lock
func (s *Seq) Lock() {
	s.lock.Lock()
	s.count.WriteBegin()
}

// TryLock takes the lock for writing unless a writer holds it, and reports whether it did.
func (s *Seq) TryLock() bool {
	if !s.lock.TryLock() {
		return false
	}
	s.count.WriteBegin()
	return true
}

// LockContext waits as [Seq.Lock] does, until ctx ends. Then it returns the cause of ctx.
func (s *Seq) LockContext(ctx context.Context) error { return lockContext(ctx, s.TryLock) }

// Unlock releases the lock after writing.
//
// Implements: rte_seqlock_write_unlock
func (s *Seq) Unlock() {
	s.count.WriteEnd()
	s.lock.Unlock()
}

// IsLocked reports whether a writer holds the lock at this moment.
func (s *Seq) IsLocked() bool { return s.lock.IsLocked() }
