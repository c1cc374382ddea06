package ring

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// Zero-copy calls (rte_ring_peek_zc.h) work in the ring's own memory, in two
// steps: reserve and commit, or peek and consume. Only Single and HTS sides have
// them. From the first step to the second the side is taken: do the second
// soon, from the same goroutine, and enqueue or dequeue nothing else on that
// side in between. Others wait on an HTS side meanwhile.

// Span is elements of a ring in place: First, and after the ring's end Second.
// It is shared memory, valid until the commit or consume that follows.
type Span[T any] struct{ First, Second []T }

// Len is the number of elements.
func (s Span[T]) Len() int { return len(s.First) + len(s.Second) }

// At is element i, counted through both parts.
func (s Span[T]) At(i int) *T {
	if i < len(s.First) {
		return &s.First[i]
	}
	return &s.Second[i-len(s.First)]
}

// ReserveBulk reserves room for n elements, or none if n do not fit
// (rte_ring_enqueue_zc_bulk_elem_start). Fill it, then Commit. The error is
// dpdk.ErrInvalid where the producer side is Multi or RTS.
func (r *Ring[T]) ReserveBulk(n int) (Span[T], error) { return r.reserve(n, true) }

// ReserveBurst reserves room for at most n elements
// (rte_ring_enqueue_zc_burst_elem_start). Fill it, then Commit. The error is
// dpdk.ErrInvalid where the producer side is Multi or RTS.
func (r *Ring[T]) ReserveBurst(n int) (Span[T], error) { return r.reserve(n, false) }

// Commit makes the first n reserved elements visible to consumers and gives the
// rest of the room back (rte_ring_enqueue_zc_elem_finish). More than were
// reserved are refused with dpdk.ErrInvalid, and the reservation stays. An empty
// reservation needs no Commit.
func (r *Ring[T]) Commit(n int) error {
	if err := r.core.CommitEnqueue(elements(n)); err != nil {
		return check.Invalid("rte_ring_enqueue_zc_elem_finish", r.name, "commit of %d: %v", n, err)
	}
	return nil
}

// PeekBulk shows the next n elements, or none if there are fewer
// (rte_ring_dequeue_zc_bulk_elem_start). Read them, then Consume. The error is
// dpdk.ErrInvalid where the consumer side is Multi or RTS.
func (r *Ring[T]) PeekBulk(n int) (Span[T], error) { return r.peek(n, true) }

// PeekBurst shows at most n of the next elements
// (rte_ring_dequeue_zc_burst_elem_start). Read them, then Consume. The error is
// dpdk.ErrInvalid where the consumer side is Multi or RTS.
func (r *Ring[T]) PeekBurst(n int) (Span[T], error) { return r.peek(n, false) }

// Consume takes the first n shown elements out of the ring and leaves the rest
// in it (rte_ring_dequeue_zc_elem_finish); 0 leaves all. More than were shown
// are refused with dpdk.ErrInvalid. An empty peek needs no Consume.
func (r *Ring[T]) Consume(n int) error {
	if err := r.core.CommitDequeue(elements(n)); err != nil {
		return check.Invalid("rte_ring_dequeue_zc_elem_finish", r.name, "consume of %d: %v", n, err)
	}
	return nil
}

func (r *Ring[T]) reserve(n int, bulk bool) (Span[T], error) {
	if s := r.core.ProdSync; s != Single && s != HTS {
		return Span[T]{}, errTwoStep
	}
	start, taken, _ := r.core.ReserveEnqueue(elements(max(n, 0)), bulk)
	return r.span(start, taken), nil
}

func (r *Ring[T]) peek(n int, bulk bool) (Span[T], error) {
	if s := r.core.ConsSync; s != Single && s != HTS {
		return Span[T]{}, errTwoStep
	}
	start, taken, _ := r.core.ReserveDequeue(elements(max(n, 0)), bulk)
	return r.span(start, taken), nil
}

// errTwoStep is made once: these calls do not allocate.
var errTwoStep = &dpdk.Error{Op: "rte_ring_peek_zc", Errno: dpdk.ErrInvalid,
	Detail: "this side is Multi or RTS: zero-copy needs Single or HTS"}

// span is the n elements from position start on, in the ring's memory.
func (r *Ring[T]) span(start, n uint32) Span[T] {
	if n == 0 {
		return Span[T]{}
	}
	slots := unsafe.Slice((*T)(r.core.Slots), r.core.Size)
	i := start & r.core.Mask
	first := min(n, r.core.Size-i)
	return Span[T]{slots[i : i+first], slots[:n-first]}
}

// elements is n as DPDK counts. What does not fit is more than any ring holds,
// and so is a negative n.
func elements(n int) uint32 {
	if n < 0 || n > MaxCount {
		return MaxCount + 1
	}
	return uint32(n)
}
