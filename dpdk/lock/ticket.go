package lock

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// Ticket is a ticket lock (rte_ticketlock_t), fair in FIFO order.
type Ticket struct {
	_             [0]uint32 // C's type is a union with a uint32_t
	current, next uint16
}

// Lock draws a ticket and waits for its turn.
//
// Implements: rte_ticketlock_lock
func (t *Ticket) Lock() {
	// next is the high half of the word: the sum has the ticket after the caller's, and current.
	if x := atomic.AddUint32((*uint32)(unsafe.Pointer(t)), 1<<16); uint16(x>>16) != uint16(x)+1 {
		wait16(&t.current, uint16(x>>16)-1)
	}
	racesync.Acquire(unsafe.Pointer(t))
}

// wait16 waits until *p is v.
func wait16(p *uint16, v uint16) {
	var w wait.Backoff
	for lockops.Load16(p) != v {
		w.Turn()
	}
}

// TryLock takes the lock if it is free and no thread waits, and reports whether it did.
//
// Implements: rte_ticketlock_trylock
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

// LockContext waits, without a ticket, until the lock is free and no thread waits, or ctx
// ends. In the second case it returns the cause of ctx. All threads with tickets go first.
func (t *Ticket) LockContext(ctx context.Context) error { return lockContext(ctx, t.TryLock) }

// Unlock passes the lock to the thread with the next ticket.
//
// Implements: rte_ticketlock_unlock
func (t *Ticket) Unlock() {
	racesync.Release(unsafe.Pointer(t))
	lockops.Release16(&t.current)
}

// IsLocked reports whether the lock is held at this moment.
//
// Implements: rte_ticketlock_is_locked
func (t *Ticket) IsLocked() bool {
	tickets := atomic.LoadUint32((*uint32)(unsafe.Pointer(t)))
	s := (*Ticket)(unsafe.Pointer(&tickets))
	return s.current != s.next
}
