package ringcore

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// One moves single elements through one side of a ring. On a Single side, if the elements have 8 bytes,
// it does so in plain Go that the compiler inlines. Otherwise its words are those of a side without room,
// which leaves all to the ring.
type One struct {
	word           *uint64 // head and tail
	tail           *uint32 // of the other side
	slots          []uint64
	mask, capacity uint32
	ring           *Ring
}

// NewOnes returns the producers' and the consumers' side of a ring.
func NewOnes(r *Ring) (out, in One) {
	out, in = newOne(r, r.Prod, r.Cons, r.ProdSync), newOne(r, r.Cons, r.Prod, r.ConsSync)
	return out, in
}

// noRoom is the head-tail of both sides of a ring of capacity 0.
var noRoom HeadTail

func newOne(r *Ring, own, other *HeadTail, sync Sync) One {
	if sync != Single || r.ElemSize != 8 {
		return One{word: noRoom.word(), tail: &noRoom.Tail, ring: r}
	}
	return One{word: own.word(), tail: &other.Tail, slots: unsafe.Slice((*uint64)(r.Slots), r.Size), mask: r.Mask, capacity: r.Capacity, ring: r}
}

// plainRelease is whether a plain store is a release.
const plainRelease = runtime.GOARCH == "amd64"

// Enqueue enqueues one element. otherwise is [One.EnqueueOtherwise]: the compiler inlines a function that
// calls a parameter, but not one that calls another function.
//
// ORDER.md explains why its accesses stay in this order.
func (o *One) Enqueue(obj unsafe.Pointer, otherwise func(*One, unsafe.Pointer) Moved) Moved {
	word := o.word
	head := uint32(*word)
	if atomic.LoadUint32(o.tail)+o.capacity == head {
		return otherwise(o, obj)
	}
	o.slots[head&o.mask] = *(*uint64)(obj)
	head++
	if plainRelease {
		*word = uint64(head)<<32 | uint64(head)
	} else {
		atomic.StoreUint64(word, uint64(head)<<32|uint64(head))
	}
	return 1
}

// Dequeue dequeues one element. otherwise is [One.DequeueOtherwise].
func (o *One) Dequeue(obj unsafe.Pointer, otherwise func(*One, unsafe.Pointer) Moved) Moved {
	word := o.word
	head := uint32(*word)
	if atomic.LoadUint32(o.tail) == head {
		return otherwise(o, obj)
	}
	*(*uint64)(obj) = o.slots[head&o.mask]
	head++
	if plainRelease {
		*word = uint64(head)<<32 | uint64(head)
	} else {
		atomic.StoreUint64(word, uint64(head)<<32|uint64(head))
	}
	return 1
}

// EnqueueOtherwise enqueues one element as the ring does.
func (o *One) EnqueueOtherwise(obj unsafe.Pointer) Moved { return Enqueue(o.ring, obj, 1, Bulk) }

// DequeueOtherwise dequeues one element as the ring does.
func (o *One) DequeueOtherwise(obj unsafe.Pointer) Moved { return Dequeue(o.ring, obj, 1, Bulk) }
