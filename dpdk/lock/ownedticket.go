package lock

import (
	"context"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/owner"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// OwnedTicket is a [Ticket] that knows its owner. In C it is a struct of 16 bytes, aligned to 8, that
// begins with an rte_ticketlock_t: see "Owned locks" in the description of the package.
//
// A waiter in Go draws no ticket, because the ticket of a killed waiter would stop the queue. It takes
// the lock when it is free and no thread waits with a ticket, so threads in C go first, and waiters in Go
// have no order. It pays off only for a lock that C programs share: otherwise use [OwnedSpin].
type OwnedTicket struct {
	_   [0]sync.Mutex // lets go vet report copies
	own owned
}

// C's word has current in its low half and next above it.
var ticketForm = form{
	op:    "rte_ticketlock_lock",
	un:    "rte_ticketlock_unlock",
	free:  func(c uint32) bool { return uint16(c) == uint16(c>>16) },
	taken: func(c uint32) uint32 { return c + 1<<16 },
	held:  func(c uint32) bool { return uint16(c) != uint16(c>>16) },
}

// Lock waits for the lock and takes it. Its results are those of [OwnedSpin.Lock].
//
// Implements: rte_ticketlock_lock
func (t *OwnedTicket) Lock() error {
	x := atomic.LoadUint64(&t.own.word)
	if uint16(x) != uint16(x>>16) || !atomic.CompareAndSwapUint64(&t.own.word, x, self(uint32(x)+1<<16)) {
		return t.wait(context.Background())
	}
	t.own.taken()
	racesync.Acquire(unsafe.Pointer(t))
	return nil
}

func (t *OwnedTicket) wait(ctx context.Context) error {
	err := ticketForm.wait(ctx, &t.own, nil)
	racesync.Acquire(unsafe.Pointer(t))
	return err
}

// TryLock takes the lock if it is free and no thread waits. Its results are those of
// [OwnedSpin.TryLock].
//
// Implements: rte_ticketlock_trylock
func (t *OwnedTicket) TryLock() (bool, error) {
	ok, err := ticketForm.tryLock(&t.own)
	if ok {
		racesync.Acquire(unsafe.Pointer(t))
	}
	return ok, err
}

// LockContext waits as [OwnedTicket.Lock] does, until ctx ends. Then it returns the cause of ctx.
func (t *OwnedTicket) LockContext(ctx context.Context) error { return t.wait(ctx) }

// Unlock passes the lock to the thread with the next ticket. Its errors are those of
// [OwnedSpin.Unlock].
//
// Implements: rte_ticketlock_unlock
func (t *OwnedTicket) Unlock() error {
	racesync.Release(unsafe.Pointer(t))
	x, me := atomic.LoadUint64(&t.own.word), uint32(owner.Self())
	if uint32(x>>32) != me || uint16(x) == uint16(x>>16) {
		return ticketForm.odd(&t.own)
	}
	t.own.released()
	// Only the owner changes current, so the sum below carries nothing into the tickets that other
	// threads draw meanwhile.
	d := uint64(1)
	if uint16(x) == 1<<16-1 {
		d -= 1 << 16
	}
	atomic.AddUint64(&t.own.word, d-uint64(me)<<32)
	return nil
}

// Consistent declares the protected data repaired: see [OwnedSpin.Consistent].
func (t *OwnedTicket) Consistent() error { return ticketForm.consistent(&t.own) }

// Owner returns the process that holds the lock: see [OwnedSpin.Owner].
func (t *OwnedTicket) Owner() (o Owner, held bool) { return ticketForm.owner(&t.own) }

// IsLocked reports whether the lock is held at this moment.
//
// Implements: rte_ticketlock_is_locked
func (t *OwnedTicket) IsLocked() bool { return ticketForm.held(uint32(atomic.LoadUint64(&t.own.word))) }

// Pointer returns the rte_ticketlock_t, for C.
func (t *OwnedTicket) Pointer() unsafe.Pointer { return unsafe.Pointer(&t.own.word) }
