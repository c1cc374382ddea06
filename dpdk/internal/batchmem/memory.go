// Package batchmem is the memory of batches (package batch), which the primary makes for all
// processes, and what the primary does with a batch when its owner has died.
package batchmem

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// Header is the start of a batch in shared memory. The elements follow at [Elems].
type Header struct {
	Record ringcore.Record // the operation under way

	// The owner holds the elements with the indices Lo to Hi - 1, none if Lo >= Hi.
	Lo, Hi uint32
	// Index is that of the first element of the operation under way.
	Index    uint32
	Capacity uint32
	Cache    uintptr // address of the struct rte_mempool_cache of the operation under way

	Out, In ringcore.Ring // of the last enqueue and the last dequeue, with this Record
}

// Elems is the offset of the elements.
const Elems = 256

var _ = build.Same[min(unsafe.Sizeof(Header{}), Elems)-unsafe.Sizeof(Header{})]

// Steps of operations that are not on a ring, in Record.Step. Record.Head is then their number of
// elements.
const (
	Getting   uint32 = iota + 16 // from a cache, to the end; the room was cleared
	Putting                      // from the front into a cache that has room for all
	Receiving                    // from a port, to the end; the room was cleared
	Sending                      // from the front by a port
)

// Elem returns the address of the element at index i.
func (h *Header) Elem(i, size uint32) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(h), Elems+uintptr(i)*uintptr(size))
}

// Enqueue moves as many elements as fit from the front of the batch into h.Out, which was copied
// from like.
func (h *Header) Enqueue(like *ringcore.Ring) int {
	lo, hi := h.Lo, h.Hi
	if lo >= hi {
		return 0
	}
	h.Index = lo
	m := h.Out.EnqueueRecorded(like, h.Elem(lo, h.Out.ElemSize), int(hi-lo))
	h.Lo = lo + m.Done()
	h.Record.End()
	return int(m.Done())
}

// Dequeue moves at most n elements from h.In to the end of the batch.
func (h *Header) Dequeue(like *ringcore.Ring, n int) int {
	hi := h.Room()
	if n = min(n, int(h.Capacity-hi)); n <= 0 {
		return 0
	}
	h.Index = hi
	m := h.In.DequeueRecorded(like, h.Elem(hi, h.In.ElemSize), n)
	h.Hi = hi + m.Done()
	h.Record.End()
	return int(m.Done())
}

// Room returns the index at which the next element goes. In an empty batch it is 0.
func (h *Header) Room() uint32 {
	if h.Lo >= h.Hi && h.Hi != 0 {
		h.Hi = 0 // first: between the two stores the batch is empty
		h.Lo = 0
	}
	return h.Hi
}

// Begin records that an operation of n elements which is not on a ring begins at an index.
func (h *Header) Begin(step, index, n uint32) {
	h.Record.Count = 0 // no place in a ring
	h.Record.Head = n
	h.Index = index
	h.Record.Step = step
}

// At returns the batch at an address.
func At(addr uintptr) *Header { return (*Header)(pointer(addr)) }

// pointer converts an address in shared memory.
func pointer(addr uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }
