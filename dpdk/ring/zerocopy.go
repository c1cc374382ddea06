package ring

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// Zero-copy calls work in the ring's own memory, in two steps: reserve and commit, or peek
// and consume. Only Single and HTS sides support them. The first step locks the side until
// the second: make the second step soon, from the same goroutine, and without other calls on
// that side in between. Other threads on an HTS side wait meanwhile.

// Span is a range of a ring's elements in place. It continues in Second if it passes the
// end of the ring's memory. It is shared memory, valid until the following commit or
// consume.
type Span[T any] struct{ First, Second []T }

// Len returns the number of elements.
func (s Span[T]) Len() int { return len(s.First) + len(s.Second) }

// At returns element i, counted through both parts.
func (s Span[T]) At(i int) *T {
	if i < len(s.First) {
		return &s.First[i]
	}
	return &s.Second[i-len(s.First)]
}

// ReserveBulk reserves room for n elements, or none if n do not fit. Fill it, then call
// [Ring.Commit]. The error is dpdk.ErrInvalid if the producer side is Multi or RTS.
//
// Implements: rte_ring_enqueue_zc_bulk_elem_start, rte_ring_enqueue_zc_bulk_start,
// rte_ring_enqueue_bulk_elem_start, rte_ring_enqueue_bulk_start
func (r *Ring[T]) ReserveBulk(n int) (Span[T], error) { return r.reserve(n, true) }

// ReserveBurst reserves room for at most n elements. Fill it, then call [Ring.Commit]. The
// error is dpdk.ErrInvalid if the producer side is Multi or RTS.
//
// Implements: rte_ring_enqueue_zc_burst_elem_start, rte_ring_enqueue_zc_burst_start,
// rte_ring_enqueue_burst_elem_start, rte_ring_enqueue_burst_start
func (r *Ring[T]) ReserveBurst(n int) (Span[T], error) { return r.reserve(n, false) }

// Commit makes the first n reserved elements visible to consumers and releases the rest of
// the room. If n is more than was reserved, the error is dpdk.ErrInvalid and the reservation
// remains. An empty reservation does not need a Commit.
//
// Implements: rte_ring_enqueue_zc_elem_finish, rte_ring_enqueue_zc_finish,
// rte_ring_enqueue_elem_finish, rte_ring_enqueue_finish
func (r *Ring[T]) Commit(n int) error {
	if err := r.core.CommitEnqueue(elements(n)); err != nil {
		return check.Invalid("rte_ring_enqueue_zc_elem_finish", r.name, "commit of %d: %v", n, err)
	}
	r.guard.producer(&r.core).leave()
	return nil
}

// PeekBulk returns the next n elements, or none if the ring has fewer. Read them, then call
// [Ring.Consume]. The error is dpdk.ErrInvalid if the consumer side is Multi or RTS.
//
// Implements: rte_ring_dequeue_zc_bulk_elem_start, rte_ring_dequeue_zc_bulk_start,
// rte_ring_dequeue_bulk_elem_start, rte_ring_dequeue_bulk_start
func (r *Ring[T]) PeekBulk(n int) (Span[T], error) { return r.peek(n, true) }

// PeekBurst returns at most n of the next elements. Read them, then call [Ring.Consume].
// The error is dpdk.ErrInvalid if the consumer side is Multi or RTS.
//
// Implements: rte_ring_dequeue_zc_burst_elem_start, rte_ring_dequeue_zc_burst_start,
// rte_ring_dequeue_burst_elem_start, rte_ring_dequeue_burst_start
func (r *Ring[T]) PeekBurst(n int) (Span[T], error) { return r.peek(n, false) }

// Consume removes the first n peeked elements and leaves the rest in the ring. If n is more
// than was peeked, the error is dpdk.ErrInvalid. An empty peek does not need a Consume.
//
// Implements: rte_ring_dequeue_zc_elem_finish, rte_ring_dequeue_zc_finish,
// rte_ring_dequeue_elem_finish, rte_ring_dequeue_finish
func (r *Ring[T]) Consume(n int) error {
	if err := r.core.CommitDequeue(elements(n)); err != nil {
		return check.Invalid("rte_ring_dequeue_zc_elem_finish", r.name, "consume of %d: %v", n, err)
	}
	r.guard.consumer(&r.core).leave()
	return nil
}

func (r *Ring[T]) reserve(n int, bulk bool) (Span[T], error) {
	if m := r.Producer(); m != Single && m != HTS {
		return Span[T]{}, errTwoStep
	}
	s := r.guard.producer(&r.core)
	s.enter(r.name, producer)
	start, taken, _ := r.core.ReserveEnqueue(elements(max(n, 0)), bulk)
	if taken == 0 {
		s.leave() // otherwise Commit does
	}
	return r.span(start, taken), nil
}

func (r *Ring[T]) peek(n int, bulk bool) (Span[T], error) {
	if m := r.Consumer(); m != Single && m != HTS {
		return Span[T]{}, errTwoStep
	}
	s := r.guard.consumer(&r.core)
	s.enter(r.name, consumer)
	start, taken, _ := r.core.ReserveDequeue(elements(max(n, 0)), bulk)
	if taken == 0 {
		s.leave() // otherwise Consume does
	}
	return r.span(start, taken), nil
}

// errTwoStep is a variable, as these calls must not allocate.
var errTwoStep = &dpdk.Error{Op: "rte_ring_peek_zc", Errno: dpdk.ErrInvalid,
	Detail: "this side of the ring is Multi or RTS, which do not support zero-copy: use Single or HTS"}

// span returns the n elements from position start on, in the ring's memory.
func (r *Ring[T]) span(start, n uint32) Span[T] {
	if n == 0 {
		return Span[T]{}
	}
	slots := unsafe.Slice((*T)(r.core.Slots), r.core.Size)
	i := start & r.core.Mask
	first := min(n, r.core.Size-i)
	return Span[T]{slots[i : i+first], slots[:n-first]}
}

// elements converts n to DPDK's type. A negative or too large n becomes more than any ring
// holds.
func elements(n int) uint32 {
	if n < 0 || n > MaxCount {
		return MaxCount + 1
	}
	return uint32(n)
}
