package lock

import (
	"context"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// PhaseFair is a lock of many readers or one writer by turns (rte_pflock_t): a reader
// waits for one writer at most, and a writer for the readers that came before it and
// for the writers in front of it. Nobody starves.
type PhaseFair struct{ rd, wr struct{ in, out uint16 } }

// The lowest bits of rd.in belong to the writer: that there is one, and which phase
// it is, odd or even. Readers count above them.
const (
	phase      = 1
	present    = 2
	writerBits = phase | present
	oneReader  = 16
)

// RLock waits until the caller may read (rte_pflock_read_lock).
func (l *PhaseFair) RLock() {
	if w := lockops.Add16(&l.rd.in, oneReader) & writerBits; w != 0 {
		l.waitRead(w)
	}
	racesync.Acquire(unsafe.Pointer(l))
}

// waitRead waits for the end of the writer's phase.
func (l *PhaseFair) waitRead(writing uint16) {
	var w lockops.Wait
	for lockops.Load16(&l.rd.in)&writerBits == writing {
		w.Turn()
	}
}

// TryRLock takes the lock for reading if no writer has it or is next.
func (l *PhaseFair) TryRLock() bool {
	in := lockops.Load16(&l.rd.in)
	if in&writerBits != 0 || !lockops.CompareAndSwap16(&l.rd.in, in, in+oneReader) {
		return false
	}
	racesync.Acquire(unsafe.Pointer(l))
	return true
}

// RLockContext waits until no writer has the lock or is next, or ctx ends; then it
// returns the cause of that. Many writers can starve it.
func (l *PhaseFair) RLockContext(ctx context.Context) error { return lockContext(ctx, l.TryRLock) }

// RUnlock ends reading (rte_pflock_read_unlock).
func (l *PhaseFair) RUnlock() {
	racesync.Release(unsafe.Pointer(l))
	lockops.Add16(&l.rd.out, oneReader)
}

// Lock waits until the caller may write (rte_pflock_write_lock).
func (l *PhaseFair) Lock() {
	ticket, first := lockops.Join16(&l.wr.in, 1, &l.wr.out)
	if !first {
		wait16(&l.wr.out, ticket)
	}
	if in, first := lockops.Join16(&l.rd.in, present|ticket&phase, &l.rd.out); !first {
		wait16(&l.rd.out, in)
	}
	racesync.Acquire(unsafe.Pointer(l))
}

// TryLock takes the lock for writing if nobody has it.
func (l *PhaseFair) TryLock() bool {
	ticket := lockops.Load16(&l.wr.out)
	if lockops.Load16(&l.rd.in) != lockops.Load16(&l.rd.out) || !lockops.CompareAndSwap16(&l.wr.in, ticket, ticket+1) {
		return false
	}
	if _, first := lockops.Join16(&l.rd.in, present|ticket&phase, &l.rd.out); !first {
		l.leave() // a reader was faster
		return false
	}
	racesync.Acquire(unsafe.Pointer(l))
	return true
}

// LockContext waits, without a ticket, until nobody has the lock, or ctx ends; then it
// returns the cause of that. Readers and writers can starve it.
func (l *PhaseFair) LockContext(ctx context.Context) error { return lockContext(ctx, l.TryLock) }

// Unlock ends writing (rte_pflock_write_unlock).
func (l *PhaseFair) Unlock() {
	racesync.Release(unsafe.Pointer(l))
	l.leave()
}

// leave lets the readers go on, then the next writer.
func (l *PhaseFair) leave() {
	lockops.And16(&l.rd.in, ^uint16(oneReader-1))
	lockops.Release16(&l.wr.out)
}
