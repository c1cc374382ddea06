// Package ringcore enqueues to and dequeues from an rte_ring in shared memory
// without calling C.
//
// rte_ring's own operations are static inline functions that every program
// compiles into itself; this package is what a Go program has instead. It
// keeps to the protocol of rte_ring_c11_pvt.h, rte_ring_rts_elem_pvt.h and
// rte_ring_hts_elem_pvt.h word for word, so that C programs may work on the
// other side, or on the same side, of the same ring.
//
// On amd64 and arm64 one assembly function does reserve, copy and publish. The
// Go scheduler cannot preempt a goroutine in there, so no goroutine is ever
// parked between a ring's head and its tail. All waiting is done before the head
// moves: a Multi side is entered only while nobody else is inside, so what was
// reserved can be published at once. Other architectures, and builds with the tag
// purego, use the plain Go twin of it, which has the same meaning but can be
// preempted; those builds have no fast calls. ORDER.md says why the order of
// memory accesses is right.
//
// Memory: r.Slots and the head-tails must stay mapped while the ring is in use.
// Nothing here is kept alive for the garbage collector and nothing allocates.
package ringcore

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// Sync is how one side of a ring admits threads. The values are those of
// enum rte_ring_sync_type.
type Sync uint32

// The sync types of rte_ring.
const (
	Multi  Sync = iota // many threads; C publishes in the order of reservation, this package enters alone
	Single             // one thread at a time, which the caller sees to
	RTS                // many threads; the last one to finish publishes for all
	HTS                // many threads, one of them inside at a time
)

// String returns the sync type's name in rte_ring.
func (s Sync) String() string {
	switch s {
	case Multi:
		return "MT"
	case Single:
		return "ST"
	case RTS:
		return "MT_RTS"
	case HTS:
		return "MT_HTS"
	}
	return fmt.Sprintf("Sync(%d)", uint32(s))
}

// HeadTail is one side of a ring as it lies in shared memory: struct
// rte_ring_headtail and, over it, struct rte_ring_rts_headtail and struct
// rte_ring_hts_headtail. The caller compares the offsets with the C compiler's.
//
// The side's tail position is at the same place in all of them.
type HeadTail struct {
	Head     uint32 // RTS: the tail's counter, one 64-bit word with Tail. HTS: one 64-bit word with Tail.
	Tail     uint32
	SyncType Sync
	HTDMax   uint32 // RTS only: how far the head may run ahead of the tail
	RTSHead  uint64 // RTS only: the head's counter (low address) and position
}

// Ring is this process's description of one ring in shared memory. Make it
// with New; after that its fields must not change. A Ring is a plain value: it
// may be copied and embedded.
type Ring struct {
	Prod, Cons         *HeadTail      // in shared memory
	Slots              unsafe.Pointer // the first element, in shared memory
	Mask               uint32         // Size - 1
	Size               uint32         // elements that Slots has room for, a power of two
	Capacity           uint32         // elements that the ring takes, less than Size
	ElemSize           uint32         // bytes, a multiple of 4
	ProdSync, ConsSync Sync           // as in Prod and Cons, read once
}

// New describes a ring: its two head-tails and its slots in shared memory, of
// size elements (a power of two) with elemSize bytes (a multiple of 4), of
// which capacity are in use. The sync types are read from the head-tails. New
// refuses what the operations would turn into stray memory accesses.
func New(prod, cons *HeadTail, slots unsafe.Pointer, size, capacity, elemSize uint32) (Ring, error) {
	if prod == nil || cons == nil {
		return Ring{}, errors.New("ringcore: nil head-tail")
	}
	return NewAs(prod, cons, slots, prod.SyncType, cons.SyncType, size, capacity, elemSize)
}

// NewAs is New for a ring whose sync types are known. It does not look at the ring,
// which another thread or process may free meanwhile.
func NewAs(prod, cons *HeadTail, slots unsafe.Pointer, prodSync, consSync Sync, size, capacity, elemSize uint32) (Ring, error) {
	if prod == nil || cons == nil || slots == nil {
		return Ring{}, errors.New("ringcore: nil head-tail or slots")
	}
	r := Ring{
		Prod: prod, Cons: cons, Slots: slots,
		Mask: size - 1, Size: size, Capacity: capacity, ElemSize: elemSize,
		ProdSync: prodSync, ConsSync: consSync,
	}
	switch {
	case uintptr(unsafe.Pointer(prod))%8 != 0 || uintptr(unsafe.Pointer(cons))%8 != 0:
		return Ring{}, errors.New("ringcore: head-tail is not aligned to 8 bytes")
	case size == 0 || size&(size-1) != 0 || size > 1<<31:
		return Ring{}, fmt.Errorf("ringcore: size %d is not a power of two", size)
	case capacity >= size:
		return Ring{}, fmt.Errorf("ringcore: capacity %d does not fit size %d", capacity, size)
	case elemSize == 0 || elemSize%4 != 0:
		return Ring{}, fmt.Errorf("ringcore: element size %d is not a multiple of 4", elemSize)
	case r.ProdSync > HTS || r.ConsSync > HTS:
		return Ring{}, fmt.Errorf("ringcore: unknown sync type (producer %v, consumer %v)", r.ProdSync, r.ConsSync)
	}
	return r, nil
}

// Moved is what an operation did. It is one word because a method that returns
// two values is too much for the compiler to inline into the caller's wrapper.
type Moved uint64

// Done returns how many elements went in or came out.
func (m Moved) Done() uint32 { return uint32(m) }

// Left returns the room (after an enqueue) or the number of elements (after a
// dequeue) left in the ring when the operation was done.
func (m Moved) Left() uint32 { return uint32(m >> 32) }

func moved(done, left uint32) Moved { return Moved(done) | Moved(left)<<32 }

// Enqueue copies up to n elements from objs into the ring: all or none of them
// if bulk, otherwise as many as there is room for. Left is the room left then.
// With n == 0 objs may be nil; n must not be negative.
//
// Who may call it concurrently is the matter of r.ProdSync. It waits, yielding
// the processor, only for other producers that are half-way through.
func (r *Ring) Enqueue(objs unsafe.Pointer, n int, bulk bool) Moved {
	if build.Race {
		raceEnqueue(r, objs, n)
	}
	return Enqueue(r, objs, n, bulk, false)
}

// Dequeue copies up to n elements from the ring to objs: all or none of them if
// bulk, otherwise as many as there are. Left is the number still in the ring
// then. With n == 0 objs may be nil; n must not be negative.
//
// Who may call it concurrently is the matter of r.ConsSync. It waits, yielding
// the processor, only for other consumers that are half-way through.
func (r *Ring) Dequeue(objs unsafe.Pointer, n int, bulk bool) Moved {
	if build.Race {
		return raceDequeue(r, objs, Dequeue(r, objs, n, bulk, false))
	}
	return Dequeue(r, objs, n, bulk, false)
}
