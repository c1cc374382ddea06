package lock

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// Ticket is a ticket lock (rte_ticketlock_t): first come, first served.
type Ticket struct {
	_             [0]uint32 // C's is a union with a uint32_t
	current, next uint16
}

// Lock draws a ticket and waits for its turn (rte_ticketlock_lock).
func (t *Ticket) Lock() {
	if me, first := lockops.Join16(&t.next, 1, &t.current); !first {
		wait16(&t.current, me)
	}
	racesync.Acquire(unsafe.Pointer(t))
}

// wait16 waits until there is v at p.
func wait16(p *uint16, v uint16) {
	var w lockops.Wait
	for lockops.Load16(p) != v {
		w.Turn()
	}
}

// TryLock takes the lock if it is free and nobody waits (rte_ticketlock_trylock).
func (t *Ticket) TryLock() bool {
	word := (*uint32)(unsafe.Pointer(t))
	old := atomic.LoadUint32(word)
	tickets := old
	s := (*Ticket)(unsafe.Pointer(&tickets))
	if s.current != s.next {
		return false
	}
	s.next++
	if !atomic.CompareAndSwapUint32(word, old, tickets) {
		return false
	}
	racesync.Acquire(unsafe.Pointer(t))
	return true
}

// LockContext waits, without a ticket, until the lock is free and nobody waits, or
// ctx ends; then it returns the cause of that. All who draw tickets go first.
func (t *Ticket) LockContext(ctx context.Context) error { return lockContext(ctx, t.TryLock) }

// Unlock gives the lock to who waits longest (rte_ticketlock_unlock).
func (t *Ticket) Unlock() {
	racesync.Release(unsafe.Pointer(t))
	lockops.Release16(&t.current)
}

// IsLocked says whether somebody has the lock, as of now (rte_ticketlock_is_locked).
func (t *Ticket) IsLocked() bool {
	tickets := atomic.LoadUint32((*uint32)(unsafe.Pointer(t)))
	s := (*Ticket)(unsafe.Pointer(&tickets))
	return s.current != s.next
}
