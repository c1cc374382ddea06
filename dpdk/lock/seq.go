package lock

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// SeqCount is a sequence count (rte_seqcount_t): one writer at a time, who never
// waits, and readers who read again if there was a writer meanwhile. Seq keeps
// several writers apart. A SeqValue reads and writes without tearing; who uses the
// count on data of his own reads and writes that with sync/atomic.
type SeqCount struct{ sn uint32 }

// ReadBegin is the number to give to ReadRetry after reading
// (rte_seqcount_read_begin).
func (c *SeqCount) ReadBegin() uint32 { return atomic.LoadUint32(&c.sn) }

// ReadRetry says that what was read since ReadBegin is worth nothing, as a writer
// was about (rte_seqcount_read_retry). If it says so again and again, yield: the
// writer may need the processor.
func (c *SeqCount) ReadRetry(begin uint32) bool {
	if begin&1 != 0 || atomic.LoadUint32(&c.sn) != begin {
		return true
	}
	racesync.Acquire(unsafe.Pointer(c))
	return false
}

// WriteBegin comes before the writes (rte_seqcount_write_begin); from here to
// WriteEnd readers wait.
func (c *SeqCount) WriteBegin() { lockops.SeqBegin(&c.sn) }

// WriteEnd comes after the writes (rte_seqcount_write_end).
func (c *SeqCount) WriteEnd() {
	racesync.Release(unsafe.Pointer(c))
	lockops.SeqEnd(&c.sn)
}

// Seq is a sequence lock (rte_seqlock_t), a SeqCount with a Spin for the writers:
// readers write nothing, so any number of them costs a writer nothing.
type Seq struct {
	count SeqCount
	lock  Spin
}

// ReadBegin is SeqCount.ReadBegin (rte_seqlock_read_begin).
func (s *Seq) ReadBegin() uint32 { return s.count.ReadBegin() }

// ReadRetry is SeqCount.ReadRetry (rte_seqlock_read_retry).
func (s *Seq) ReadRetry(begin uint32) bool { return s.count.ReadRetry(begin) }

// Lock waits until the caller may write (rte_seqlock_write_lock); from here to Unlock
// readers wait.
func (s *Seq) Lock() {
	s.lock.Lock()
	s.count.WriteBegin()
}

// TryLock takes the lock for writing if no writer has it.
func (s *Seq) TryLock() bool {
	if !s.lock.TryLock() {
		return false
	}
	s.count.WriteBegin()
	return true
}

// LockContext is Lock until ctx ends; then it returns the cause of that.
func (s *Seq) LockContext(ctx context.Context) error { return lockContext(ctx, s.TryLock) }

// Unlock ends writing (rte_seqlock_write_unlock).
func (s *Seq) Unlock() {
	s.count.WriteEnd()
	s.lock.Unlock()
}

// IsLocked says whether a writer has the lock, as of now.
func (s *Seq) IsLocked() bool { return s.lock.IsLocked() }
