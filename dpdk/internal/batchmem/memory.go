// Package batchmem is the memory of batches (ring.Batch), which the primary makes for all
// processes, and what the primary does with a batch when its owner has died.
package batchmem

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// Header is the start of a batch in shared memory.
type Header struct {
	ringcore.Record         // what the batch holds, and the operation under way
	Cache           uintptr // address of the struct rte_mempool_cache of the operation under way
}

var _ = build.Same[min(unsafe.Sizeof(Header{}), ringcore.Elems)-unsafe.Sizeof(Header{})]

// Steps of operations that are not on a ring, in Record.Step. Record.Head is then their number of
// elements.
const (
	Getting   = ringcore.Others + iota // from a cache, to the end; the room was cleared
	Putting                            // from the front into a cache that has room for all
	Receiving                          // from a port, to the end; the room was cleared
	Sending                            // from the front by a port
)

// Begin records that an operation of n elements which is not on a ring begins at an index.
func (h *Header) Begin(step uint8, index, n uint32) {
	h.Count = 0 // no place in a ring
	h.Head, h.Index = n, index
	h.Step = step
}

// End records that nothing is under way any more.
func (h *Header) End() { h.Step = ringcore.Idle }

// Slice returns n elements of type T of the batch, from index i on.
func Slice[T any](h *Header, i uint32, n int) []T {
	return unsafe.Slice((*T)(h.Elem(i, uint32(unsafe.Sizeof(*new(T))))), n)
}

// At returns the batch at an address.
func At(addr uintptr) *Header { return (*Header)(pointer(addr)) }

// pointer converts an address in shared memory.
func pointer(addr uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }
