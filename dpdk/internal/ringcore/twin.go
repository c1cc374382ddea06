package ringcore

import (
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// The plain Go twin of the assembly. The operations of sync/atomic are sequentially
// consistent, which is stronger than the acquire and release that the protocol needs.

// EnqueueGo does what [Ring.Enqueue] does, in plain Go on every architecture.
func (r *Ring) EnqueueGo(objs unsafe.Pointer, n int, bulk bool) Moved {
	if build.Race {
		raceEnqueue(r, objs, n)
	}
	return enqueueGo(r, nil, objs, n, bulk)
}

// DequeueGo does what [Ring.Dequeue] does, in plain Go on every architecture.
func (r *Ring) DequeueGo(objs unsafe.Pointer, n int, bulk bool) Moved {
	if build.Race {
		return raceDequeue(r, objs, dequeueGo(r, nil, objs, n, bulk))
	}
	return dequeueGo(r, nil, objs, n, bulk)
}

// EnqueueBatchGo does what [Ring.EnqueueBatch] does, in plain Go on every architecture.
func (r *Ring) EnqueueBatchGo(rec *Record) Moved {
	if !rec.describesOut(r) || rec.Lo >= rec.Hi {
		return 0
	}
	rec.Side, rec.Index = Producing, rec.Lo
	return enqueueGo(r, rec, rec.Elem(rec.Lo, r.ElemSize), int(rec.Hi-rec.Lo), false)
}

// DequeueBatchGo does what [Ring.DequeueBatch] does, in plain Go on every architecture.
func (r *Ring) DequeueBatchGo(rec *Record, n int) Moved {
	if !rec.describesIn(r) {
		return 0
	}
	at := rec.Room()
	if n = min(n, int(rec.Capacity-at)); n <= 0 {
		return 0
	}
	rec.Side, rec.Index = Consuming, at
	return dequeueGo(r, rec, rec.Elem(at, r.ElemSize), n, false)
}

func enqueueGo(r *Ring, rec *Record, objs unsafe.Pointer, n int, bulk bool) Moved {
	head, done, room := reserve(r.Prod, r.Cons, r.ProdSync, r.Capacity, n, bulk, rec)
	if done != 0 {
		copyIn(r, rec, objs, head&r.Mask, done)
		rec.reach("before tail")
		publish(r.Prod, r.ProdSync, head, done)
		rec.published()
	}
	rec.end(done)
	return moved(done, room-done)
}

func dequeueGo(r *Ring, rec *Record, objs unsafe.Pointer, n int, bulk bool) Moved {
	head, done, room := reserve(r.Cons, r.Prod, r.ConsSync, 0, n, bulk, rec)
	if done != 0 {
		copyOut(r, rec, objs, head&r.Mask, done)
		rec.reach("before tail")
		publish(r.Cons, r.ConsSync, head, done)
		rec.published()
	}
	rec.end(done)
	return moved(done, room-done)
}

// reserve moves own's head forward by at most n elements. The capacity is the ring's for a
// producer and 0 for a consumer. So room, before the move, is the number of free slots for a
// producer and the number of elements for a consumer.
func reserve(own, other *HeadTail, sync Sync, capacity uint32, n int, bulk bool, rec *Record) (head, take, room uint32) {
	var w wait.Backoff
	for {
		// Read the own head and tail before the other side's tail: a newer head with an
		// older tail would make room too large.
		var old uint64
		switch sync {
		case RTS:
			old = atomic.LoadUint64(&own.RTSHead)
			_, head = unpair(old)
			if head-atomic.LoadUint32(&own.Tail) > atomic.LoadUint32(&own.HTDMax) {
				rec.barred()
				w.Turn()
				continue
			}
		case HTS:
			old = atomic.LoadUint64(own.word())
			var tail uint32
			if head, tail = unpair(old); head != tail {
				rec.barred()
				w.Turn()
				continue
			}
		default:
			head = atomic.LoadUint32(&own.Head)
		}

		room = capacity + atomic.LoadUint32(&other.Tail) - head
		switch {
		case uint64(n) <= uint64(room): // n may exceed 32 bits
			take = uint32(n)
		case bulk:
			take = 0
		default:
			take = room
		}
		if take == 0 {
			return head, 0, room
		}
		if sync == Multi && atomic.LoadUint32(&own.Tail) != head {
			rec.barred()
			w.Turn() // another thread is inside
			continue
		}

		moved := true
		rec.intend(head, take)
		switch sync {
		case Single:
			atomic.StoreUint32(&own.Head, head+take)
		case RTS:
			cnt, _ := unpair(old)
			moved = atomic.CompareAndSwapUint64(&own.RTSHead, old, pair(cnt+1, head+take))
		case HTS:
			moved = atomic.CompareAndSwapUint64(own.word(), old, pair(head+take, head))
		default:
			moved = atomic.CompareAndSwapUint32(&own.Head, head, head+take)
		}
		if moved {
			rec.reserved()
			return head, take, room
		}
	}
}

// publish moves own's tail over the n elements reserved at head.
func publish(own *HeadTail, sync Sync, head, n uint32) {
	if sync == RTS {
		publishRTS(own)
		return
	}
	atomic.StoreUint32(&own.Tail, head+n)
}

// publishRTS counts one thread out. The last thread moves the tail to the head. The tail
// must be read before the head.
func publishRTS(own *HeadTail) {
	for {
		tail := atomic.LoadUint64(own.word())
		head := atomic.LoadUint64(&own.RTSHead)
		cnt, pos := unpair(tail)
		cnt++
		if headCnt, headPos := unpair(head); cnt == headCnt {
			pos = headPos
		}
		if atomic.CompareAndSwapUint64(own.word(), tail, pair(cnt, pos)) {
			return
		}
	}
}

// word returns Head and Tail as one word, as HTS and RTS use them.
func (ht *HeadTail) word() *uint64 {
	return (*uint64)(unsafe.Pointer(ht))
}

// pair makes a 64-bit word with lo in its first four bytes and hi in its second, in any byte
// order.
func pair(lo, hi uint32) (word uint64) {
	*(*[2]uint32)(unsafe.Pointer(&word)) = [2]uint32{lo, hi}
	return word
}

func unpair(word uint64) (lo, hi uint32) {
	p := (*[2]uint32)(unsafe.Pointer(&word))
	return p[0], p[1]
}

func copyIn(r *Ring, rec *Record, objs unsafe.Pointer, index, n uint32) {
	first := min(n, r.Size-index)
	half := rec.half(first)
	copyElems(r.slot(index), objs, r.bytes(half))
	if half < first {
		rec.reach("mid-copy")
		copyElems(r.slot(index+half), unsafe.Add(objs, r.bytes(half)), r.bytes(first-half))
	}
	if n > first {
		copyElems(r.Slots, unsafe.Add(objs, r.bytes(first)), r.bytes(n-first))
	}
}

func copyOut(r *Ring, rec *Record, objs unsafe.Pointer, index, n uint32) {
	first := min(n, r.Size-index)
	half := rec.half(first)
	copyElems(objs, r.slot(index), r.bytes(half))
	if half < first {
		rec.reach("mid-copy")
		copyElems(unsafe.Add(objs, r.bytes(half)), r.slot(index+half), r.bytes(first-half))
	}
	if n > first {
		copyElems(unsafe.Add(objs, r.bytes(first)), r.Slots, r.bytes(n-first))
	}
}

func (r *Ring) slot(index uint32) unsafe.Pointer {
	return unsafe.Add(r.Slots, r.bytes(index))
}

func (r *Ring) bytes(n uint32) uintptr {
	return uintptr(n) * uintptr(r.ElemSize)
}
