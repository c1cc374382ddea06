package ring

import (
	"errors"
	"reflect"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/batchmem"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// MaxBatch is the largest capacity of a batch.
const MaxBatch = 1 << 16

// Batch is an array in shared memory for the elements that one goroutine works on. An element moves
// between a ring and a batch exactly once, even if the process is killed in the middle: the primary
// then finishes or undoes the move, so no other process waits for the dead one. When a process is
// killed, the elements in its batches are kept or returned:
//
//   - Mbufs and objects return to their pools.
//   - A batch with a name keeps its elements. A successor claims it by that name.
//   - Other elements are dropped.
//
// Only one goroutine at a time may use a batch. It needs no synchronization. A goroutine that takes over
// a Single side from a process that was killed must make or claim its batch after the death: NewBatch
// settles what the dead process had begun.
//
// If a process that uses a ring may be killed, use the ring through batches: a process that is killed
// inside [Ring.EnqueueBurst] or [Ring.DequeueBurst] on a Multi, RTS or HTS side stops that side for all.
//
// A primary in C does none of this. Beside it a batch is only an array.
type Batch[T any] struct {
	h     *batchmem.Header // gone after Close
	name  string
	claim batchmem.Claim
	tried bool // Close or Leave has failed
}

// mem returns the memory of the batch, that of a closed one for nil and for the zero value.
func (b *Batch[T]) mem() *batchmem.Header {
	if b == nil || b.h == nil {
		return &goneBatch
	}
	return b.h
}

// goneBatch is the memory of closed batches. It is empty, has no room, and describes no ring.
var goneBatch batchmem.Header

func init() { goneBatch.Forget() }

// NewBatch makes a batch of the given capacity. If name is not "", the batch stays when its process
// ends without Close, and a later NewBatch with the same name, type and capacity claims it with all
// its elements. A type of elements that holds a *mbuf.Mbuf must be that pointer itself.
//
// Errors: dpdk.ErrBusy if a living process has a batch of that name, dpdk.ErrInvalid (the capacity,
// T, or the batch of that name has others), dpdk.ErrNoMemory, dpdk.ErrNoSpace, dpdk.ErrTimeout.
func NewBatch[T any](name string, capacity int) (*Batch[T], error) {
	if len(name) > maxBatchName {
		return nil, check.Invalid(batchmem.OpCreate, name[:maxBatchName], "the name has %d bytes: use at most %d", len(name), maxBatchName)
	}
	size, err := elemSize[T](batchmem.OpCreate, name)
	if err != nil {
		return nil, err
	}
	if capacity < 1 || capacity > MaxBatch {
		return nil, check.Invalid(batchmem.OpCreate, name, "the capacity is %d: use 1 to %d", capacity, MaxBatch)
	}
	b := &Batch[T]{name: name}
	t := reflect.TypeFor[T]()
	request := batchmem.Request{ElemSize: size, Capacity: uint32(capacity), Kind: batchmem.KindOf(t), Type: t.String()}
	err = control.Call(batchmem.OpCreate, name, func() (err error) {
		b.claim, err = batchmem.Create(name, request)
		b.h = batchmem.At(b.claim.Addr)
		return err
	})
	if err != nil {
		return nil, err
	}
	b.h.Forget() // a former owner in another process has used other IDs
	return b, nil
}

const maxBatchName = 63

// Close ends the batch: mbufs that it holds return to their pools, and other elements are dropped.
// Later calls of the batch move nothing. Closing it again does nothing, or repeats a call that has failed.
// Errors: dpdk.ErrTimeout if the primary does not answer.
func (b *Batch[T]) Close() error { return b.end(false) }

// Leave ends the batch in this process, and keeps a batch with a name and its elements for a
// successor. A batch without a name is closed.
func (b *Batch[T]) Leave() error { return b.end(b.name != "") }

func (b *Batch[T]) end(keep bool) error {
	if b.mem() == &goneBatch && (b == nil || !b.tried) {
		return nil
	}
	b.h = &goneBatch
	err := control.Call(batchmem.OpClose, b.name, func() error {
		return batchmem.Close(b.name, b.claim, keep)
	})
	if b.tried && errors.Is(err, dpdk.ErrNotFound) {
		err = nil // the primary has completed the first call, which it did not answer in time
	}
	b.tried = err != nil
	return err
}

// Name returns the name, "" if the batch has none.
func (b *Batch[T]) Name() string {
	if b == nil {
		return ""
	}
	return b.name
}

// Pointer returns the address of the batch in shared memory, for packages of godpdk.
func (b *Batch[T]) Pointer() unsafe.Pointer { return unsafe.Pointer(b.mem()) }

// Len returns the number of elements that the batch holds.
func (b *Batch[T]) Len() int {
	h := b.mem()
	return max(int(h.Hi)-int(h.Lo), 0)
}

// Cap returns the number of elements that the batch can hold, 0 after Close.
func (b *Batch[T]) Cap() int { return int(b.mem().Capacity) }

// Elems returns the elements that the batch holds. The slice is valid until the next call of the
// batch. The caller may change the elements and their order. It must not free an mbuf that is in the
// batch: see mbuf.Cache.FreeBatch.
func (b *Batch[T]) Elems() []T {
	n := b.Len()
	if n == 0 {
		return nil
	}
	return batchmem.Slice[T](b.h, b.h.Lo, n)
}

// Append adds elements after the last one until the batch is full, and returns the number added.
func (b *Batch[T]) Append(elems ...T) int {
	h := b.mem()
	at := h.Room()
	n := min(len(elems), int(h.Capacity-at))
	if n > 0 {
		copy(batchmem.Slice[T](h, at, n), elems)
		h.Hi = at + uint32(n)
	}
	return n
}

// Drop removes the first n elements, at most all. The caller has processed them, or holds them
// elsewhere: an mbuf that is dropped and not freed is lost when the process is killed.
func (b *Batch[T]) Drop(n int) {
	if n = min(n, b.Len()); n > 0 {
		b.h.Lo += uint32(n)
	}
}

// EnqueueBatch moves the first elements of the batch to the ring until the ring is full, and returns
// the number moved. The others stay in the batch.
//
// Implements: rte_ring_enqueue_burst_elem
func (r *Ring[T]) EnqueueBatch(b *Batch[T]) int {
	if b == nil {
		return 0
	}
	if build.Race || build.Debug {
		return r.enqueueBatch(record(b.h))
	}
	return int(uint32(ringcore.EnqueueBatch(&r.core, record(b.h), 0, ringcore.Burst)))
}

// DequeueBatch moves at most n elements from the ring to the end of the batch, in FIFO order, as
// far as both have them and room for them. It returns the number moved.
//
// Implements: rte_ring_dequeue_burst_elem
func (r *Ring[T]) DequeueBatch(b *Batch[T], n int) int {
	if b == nil {
		return 0
	}
	if build.Race || build.Debug {
		return r.dequeueBatch(record(b.h), n)
	}
	return int(uint32(ringcore.DequeueBatch(&r.core, record(b.h), n, ringcore.Burst)))
}

// record returns the record at the start of the memory of a batch.
func record(h *batchmem.Header) *ringcore.Record { return (*ringcore.Record)(unsafe.Pointer(h)) }
