package ringcore

import (
	"runtime"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Op is an operation that a dead process has left.
type Op struct {
	*Record
	Objs  unsafe.Pointer // the elements that it enqueues, or the room for those that it dequeues
	Moved uint32         // set by Settle
}

// Settle finishes or undoes what dead processes have begun on one side of the ring, so that each
// element is on one side of it only, and the side is free again. It sets the Moved of each
// operation: the number of elements that it has moved. dead are all operations of dead processes
// on this side, and living are the records of all living threads. Settle returns false if a living
// process is between two steps: call it again soon. alone is set if only processes with records use the ring.
// If C programs use it too, set it when the ring has not changed for so long that they cannot be
// inside.
//
// Only one thread at a time may call it, for operations that are not Idle. It may be repeated until
// the caller has ended the operations.
func (r *Ring) Settle(side uint8, dead []*Op, living []*Record, alone bool) bool {
	own, sync := r.Prod, r.ProdSync
	if side == Consuming {
		own, sync = r.Cons, r.ConsSync
	}
	switch sync {
	case Single:
		for _, op := range dead {
			settleSingle(own, op)
		}
		return true
	case RTS:
		return r.settleRTS(own, dead, living, alone)
	}
	return r.settleAlone(own, dead, living, alone)
}

// settleAlone settles a Multi or HTS side. One thread of all with records is inside at a time: the
// one that has reserved at the tail.
func (r *Ring) settleAlone(own *HeadTail, dead []*Op, living []*Record, alone bool) bool {
	for _, op := range dead {
		if op.Step == Entering {
			continue
		}
		head, tail := unpair(atomic.LoadUint64(own.word()))
		switch {
		case tail == op.Head && head != tail:
			r.finish(own, op)
		case tail == op.Head: // nobody is inside: this is another ring at the same address
			op.GiveUp()
			continue
		}
		op.Moved = op.Count
	}
	head, tail := unpair(atomic.LoadUint64(own.word()))
	var inside *Op // perhaps
	for _, op := range dead {
		if op.Step == Entering && op.Count != 0 && op.Head == tail && op.Count <= head-tail && (inside == nil || op.Count == head-tail) {
			inside = op
		}
	}
	if inside == nil {
		return true
	}
	if !alone || slices.ContainsFunc(living, func(l *Record) bool { return l.mayHold(own, tail) }) {
		return false
	}
	catchUp()
	if atomic.LoadUint32(&own.Tail) != tail { // a living thread was inside, and has ended before its record was read
		return false
	}
	inside.Step = Reserved // then a repeated call knows it
	r.finish(own, inside)
	inside.Moved = inside.Count
	return true
}

// catchUp makes all threads of the machine pass a memory barrier. If a record shows that a living thread has ended an
// operation, the tail that the thread has moved is visible afterwards: see "Records" in ORDER.md. amd64 needs none.
func catchUp() {
	if runtime.GOARCH != "amd64" {
		_ = linux.Membarrier(linux.MembarrierGlobal)
	}
}

// mayHold reports whether the thread of a record may have reserved at head on a side of a ring.
func (rec *Record) mayHold(own *HeadTail, head uint32) bool {
	seen := rec.look()
	return seen.Step != Idle && seen.Count != 0 && seen.Head == head && rec.on(own, seen.Side)
}

// on reports whether own is the side of the ring that a record describes. The thread of the record may
// change it: read the operation first.
func (rec *Record) on(own *HeadTail, side uint8) bool {
	if side == Producing {
		return rec.Out.Prod == own
	}
	return rec.In.Cons == own
}

// settleSingle settles an operation on a Single side. Only the tail is valid for the other side.
func settleSingle(own *HeadTail, op *Op) {
	head, tail := unpair(atomic.LoadUint64(own.word()))
	if head != tail { // C and the twin move the head first
		atomic.StoreUint32(&own.Head, tail)
	}
	if op.Moved = tail - op.Head; op.Moved > op.most() { // others have used this side since
		op.GiveUp()
	}
}

// most returns the largest number of elements that an operation can move.
func (op *Op) most() uint32 {
	if op.Side == Producing {
		return op.Hi - min(op.Index, op.Hi)
	}
	return op.Capacity - min(op.Index, op.Capacity)
}

// GiveUp sets the Moved of an operation if its outcome is unknown, because its ring was freed: at worst
// elements are lost, but none is in two places.
func (op *Op) GiveUp() {
	switch {
	case op.Side == Producing:
		op.Moved = op.most()
	case op.Step == Published:
		op.Moved = op.Count
	default:
		op.Moved = 0
	}
}

// finish copies the elements of an operation again and publishes them.
func (r *Ring) finish(own *HeadTail, op *Op) {
	r.copy(op)
	atomic.StoreUint32(&own.Tail, op.Head+op.Count)
}

func (r *Ring) copy(op *Op) {
	if op.Side == Producing {
		copyIn(r, nil, op.Objs, op.Head&r.Mask, op.Count)
	} else {
		copyOut(r, nil, op.Objs, op.Head&r.Mask, op.Count)
	}
}

// settleRTS settles an RTS side. Several threads may be inside. Each counts itself out, and the
// last one moves the tail. First no thread may enter: with a distance of 0 between head and tail
// none does while another is inside.
func (r *Ring) settleRTS(own *HeadTail, dead []*Op, living []*Record, alone bool) bool {
	_, tail := unpair(atomic.LoadUint64(own.word()))
	_, head := unpair(atomic.LoadUint64(&own.RTSHead))
	if !slices.ContainsFunc(dead, func(op *Op) bool { return op.Step != Published && op.waits(tail, head) }) {
		for _, op := range dead {
			if op.Step != Entering {
				op.Moved = op.Count
			}
		}
		return true
	}
	if atomic.LoadUint32(&own.HTDMax) != 0 {
		distance := atomic.SwapUint32(&own.HTDMax, 0)
		defer atomic.StoreUint32(&own.HTDMax, distance)
	}
	for range 1000 { // of a few microseconds
		if out, ok := r.countOut(own, dead, living, alone); ok {
			return out
		}
	}
	return false
}

// waits reports whether an operation may have a place between the tail and the head.
func (op *Op) waits(tail, head uint32) bool {
	return op.Count != 0 && op.Head-tail < head-tail && op.Count <= head-op.Head
}

// countOut finishes the operations of the dead if no living thread is inside. ok is false if one is.
func (r *Ring) countOut(own *HeadTail, dead []*Op, living []*Record, alone bool) (settled, ok bool) {
	before := atomic.LoadUint64(&own.RTSHead)
	for _, l := range living {
		seen := l.look()
		if (seen.Step == Reserved || seen.Step == Entering && seen.Count != 0) && l.on(own, seen.Side) {
			return false, false
		}
	}
	headCount, head := unpair(before)
	tailCount, tail := unpair(atomic.LoadUint64(own.word()))
	if tailCount != headCount {
		catchUp()
		tailCount, tail = unpair(atomic.LoadUint64(own.word()))
	}
	if atomic.LoadUint64(&own.RTSHead) != before { // one entered after its record was read
		return false, false
	}
	n := headCount - tailCount
	if n != 0 && !alone {
		return false, true
	}
	var inside, perhaps []*Op
	for _, op := range dead {
		switch {
		case op.Step == Published || op.Step == Reserved && !op.waits(tail, head):
			op.Moved = op.Count
		case op.Step == Reserved:
			inside = append(inside, op)
		case op.waits(tail, head):
			perhaps = append(perhaps, op)
		}
	}
	inside = append(inside, entered(perhaps, dead, int(n)-len(inside), head)...)
	// All of them copy before one counts out: the last count publishes all.
	for _, op := range inside {
		r.copy(op)
		op.Moved = op.Count
	}
	for range min(int(n), len(inside)) { // not threads without a record, which may live
		publishRTS(own)
	}
	for _, op := range inside {
		op.Step = Published // then a repeated call knows it
	}
	return true, true
}

// entered returns those of the operations that have moved the head: at most n, none over the place of another.
// First come those that end where another begins, or at the head.
func entered(perhaps, dead []*Op, n int, head uint32) (all []*Op) {
	var inside []*Op
	begins := map[uint32]bool{head: true}
	for _, op := range dead {
		begins[op.Head] = true
		if op.Step != Entering {
			inside = append(inside, op)
		}
	}
	// Of places that overlap, as many fit as possible if those that end first come first.
	slices.SortFunc(perhaps, func(a, b *Op) int { return int(int32(a.Head + a.Count - b.Head - b.Count)) })
	for _, exact := range []bool{true, false} {
		for _, op := range perhaps {
			if len(all) < n && (!exact || begins[op.Head+op.Count]) && !slices.ContainsFunc(inside, op.overlaps) {
				inside, all = append(inside, op), append(all, op)
			}
		}
	}
	return all
}

func (op *Op) overlaps(o *Op) bool {
	return op.Head-o.Head < o.Count || o.Head-op.Head < op.Count
}
