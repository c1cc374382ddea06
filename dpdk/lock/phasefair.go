package lock

import (
	"context"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// PhaseFair is a lock for many readers or one writer, in alternating phases (rte_pflock_t). A
// reader waits for at most one writer. A writer waits for earlier readers and writers. No
// thread starves.
type PhaseFair struct{ rd, wr struct{ in, out uint16 } }

// The lowest bits of rd.in belong to the writer: one for its presence, one for its phase (odd
// or even). Readers count above them.
const (
	phase      = 1
	present    = 2
	writerBits = phase | present
	oneReader  = 16
)

// RLock waits for the lock and takes it for reading.
//
// Implements: rte_pflock_read_lock
func (l *PhaseFair) RLock() {
	if w := lockops.Add16(&l.rd.in, oneReader) & writerBits; w != 0 {
		l.waitRead(w)
	}
	racesync.Acquire(unsafe.Pointer(l))
}

// waitRead waits for the end of the writer's phase.
func (l *PhaseFair) waitRead(writing uint16) {
	var w wait.Backoff
	for lockops.Load16(&l.rd.in)&writerBits == writing {
		w.Turn()
	}
}

// TryRLock takes the lock for reading unless a writer holds it or is next, and reports
// whether it did.
func (l *PhaseFair) TryRLock() bool {
	in := lockops.Load16(&l.rd.in)
	if in&writerBits != 0 || !lockops.CompareAndSwap16(&l.rd.in, in, in+oneReader) {
		return false
	}
	racesync.Acquire(unsafe.Pointer(l))
	return true
}

// RLockContext waits until no writer holds the lock or is next, or ctx ends. In the second
// case it returns the cause of ctx. Many writers can starve it.
func (l *PhaseFair) RLockContext(ctx context.Context) error { return lockContext(ctx, l.TryRLock) }

// RUnlock releases the lock after reading.
//
// Implements: rte_pflock_read_unlock
func (l *PhaseFair) RUnlock() {
	racesync.Release(unsafe.Pointer(l))
	lockops.Add16(&l.rd.out, oneReader)
}

// Lock waits for the lock and takes it for writing.
//
// Implements: rte_pflock_write_lock
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

// TryLock takes the lock for writing if it is free, and reports whether it did.
func (l *PhaseFair) TryLock() bool {
	ticket := lockops.Load16(&l.wr.out)
	if lockops.Load16(&l.rd.in) != lockops.Load16(&l.rd.out) || !lockops.CompareAndSwap16(&l.wr.in, ticket, ticket+1) {
		return false
	}
	if _, first := lockops.Join16(&l.rd.in, present|ticket&phase, &l.rd.out); !first {
		l.leave() // a reader came first
		return false
	}
	racesync.Acquire(unsafe.Pointer(l))
	return true
}

// LockContext waits, without a ticket, until the lock is free or ctx ends. In the second case
// it returns the cause of ctx. Readers and writers can starve it.
func (l *PhaseFair) LockContext(ctx context.Context) error { return lockContext(ctx, l.TryLock) }

// Unlock releases the lock after writing.
//
// Implements: rte_pflock_write_unlock
func (l *PhaseFair) Unlock() {
	racesync.Release(unsafe.Pointer(l))
	l.leave()
}

// leave admits the waiting readers, then the next writer.
func (l *PhaseFair) leave() {
	lockops.And16(&l.rd.in, ^uint16(oneReader-1))
	lockops.Release16(&l.wr.out)
}
