// Package ringcore enqueues to and dequeues from an rte_ring in shared memory
// without calling C.
//
// The operations of rte_ring are static inline functions, which each C program compiles
// into itself. This package is their equivalent for Go. It follows the protocols of
// rte_ring_c11_pvt.h, rte_ring_rts_elem_pvt.h and rte_ring_hts_elem_pvt.h exactly, so C
// programs may use the same ring at the same time, on either side.
//
// On amd64 and arm64 one assembly function reserves, copies and publishes. The Go
// scheduler cannot preempt a goroutine inside it, so no goroutine is ever parked between a
// ring's head and its tail. All waiting happens before the head moves: a thread enters a
// Multi side only while no other thread is inside, so it can publish its elements at once.
// Other architectures, and builds with the tag purego, use the plain Go twin, which has the
// same semantics but can be preempted; those builds have no fast calls. ORDER.md explains the
// order of memory accesses.
//
// The slots and the head-tails must stay mapped while the ring is in use. The package keeps
// nothing alive for the garbage collector and does not allocate.
package ringcore

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// Sync is the synchronization mode of one side of a ring (enum rte_ring_sync_type).
type Sync uint32

// The sync types of rte_ring.
const (
	Multi  Sync = iota // many threads; C publishes in the order of reservation, this package enters only alone
	Single             // one thread at a time, which the caller ensures
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

// HeadTail is one side of a ring in shared memory: the union of struct rte_ring_headtail,
// struct rte_ring_rts_headtail and struct rte_ring_hts_headtail. All of them have the tail at
// the same offset. Package ringlayout compares the offsets with those of the C compiler.
type HeadTail struct {
	Head     uint32 // RTS: the tail's counter, one 64-bit word with Tail. HTS: one 64-bit word with Tail.
	Tail     uint32
	SyncType Sync
	HTDMax   uint32 // RTS only: how far the head may run ahead of the tail
	RTSHead  uint64 // RTS only: the head's counter (low address) and position
}

// Ring is this process's description of a ring in shared memory. Make it with [New]. Its
// fields must not change afterwards. A Ring is a plain value: it may be copied.
type Ring struct {
	Prod, Cons         *HeadTail      // in shared memory
	Slots              unsafe.Pointer // the first element, in shared memory
	Mask               uint32         // Size - 1
	Size               uint32         // number of slots, a power of two
	Capacity           uint32         // number of elements when full, less than Size
	ElemSize           uint32         // bytes, a multiple of 4
	ProdSync, ConsSync Sync           // as in Prod and Cons, read once
	ID                 uint64         // a batch describes the ring of the same ID; 0 if batches may not use it
}

// New describes a ring by its two head-tails and its slots in shared memory. It has size
// slots (a power of two) of elemSize bytes (a multiple of 4) and holds capacity elements. New
// reads the modes from the head-tails. It refuses values with which the operations would
// access wrong memory.
func New(prod, cons *HeadTail, slots unsafe.Pointer, size, capacity, elemSize uint32) (Ring, error) {
	if prod == nil || cons == nil {
		return Ring{}, errors.New("ringcore: nil head-tail")
	}
	return NewAs(prod, cons, slots, prod.SyncType, cons.SyncType, size, capacity, elemSize)
}

// NewAs does what [New] does for known modes. It does not read the ring, which another thread or process
// may free meanwhile.
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

// Moved is the result of an operation. It is one word, because the compiler does not inline
// a method with two results into its callers.
type Moved uint64

// Done returns the number of elements moved.
func (m Moved) Done() uint32 { return uint32(m) }

// Left returns the room after an enqueue, or the number of elements after a dequeue.
func (m Moved) Left() uint32 { return uint32(m >> 32) }

func moved(done, left uint32) Moved { return Moved(done) | Moved(left)<<32 }

// Way is how many elements an operation moves.
type Way uint8

const (
	Burst Way = 0            // as many as possible
	Bulk  Way = 1 << bulkBit // all or none
	once  Way = 1 << onceBit // in assembly: return again instead of waiting
)

const (
	bulkBit = iota
	onceBit
)

func wayOf(bulk bool) Way {
	if bulk {
		return Bulk
	}
	return Burst
}

// Enqueue copies at most n elements from objs into the ring: all or none of them if bulk,
// otherwise as many as fit. With n == 0 objs may be nil. n must not be negative.
//
// r.ProdSync determines how many threads may call it concurrently. It waits only for other
// producers in the middle of an operation, and yields the processor while it waits.
func (r *Ring) Enqueue(objs unsafe.Pointer, n int, bulk bool) Moved {
	if build.Race {
		raceEnqueue(r, objs, n)
	}
	return Enqueue(r, objs, n, wayOf(bulk))
}

// Dequeue copies at most n elements from the ring to objs: all or none of them if bulk,
// otherwise as many as the ring holds. With n == 0 objs may be nil. n must not be negative.
//
// r.ConsSync determines how many threads may call it concurrently. It waits only for other
// consumers in the middle of an operation, and yields the processor while it waits.
func (r *Ring) Dequeue(objs unsafe.Pointer, n int, bulk bool) Moved {
	if build.Race {
		return raceDequeue(r, objs, Dequeue(r, objs, n, wayOf(bulk)))
	}
	return Dequeue(r, objs, n, wayOf(bulk))
}
