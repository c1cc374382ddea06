package ringcore

import (
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// Record describes an operation of one thread on a ring while it is under way. It is in shared
// memory. When the process is killed, the survivors find in it what the thread had begun: see
// [Ring.Settle].
//
// The order of its stores matters only to a thread that is killed, and a thread is killed between
// two instructions: everything before them has been done. So the stores need no barriers.
type Record struct {
	Head, Count uint32 // the next attempt to reserve, or the reservation. Count is 0 if there is none
	Step        uint32
	Side        uint32 // Producing or Consuming
}

// Steps of an operation.
const (
	Idle      uint32 = iota
	Entering         // about to move the head of the ring; it may have moved
	Reserved         // the head has moved; the tail may have moved
	Published        // RTS: this thread has counted itself out
)

// Sides of a ring.
const (
	Producing uint32 = iota
	Consuming
)

// EnqueueRecorded does what [Ring.Enqueue] does for all or as many elements as fit, of which n is
// not 0, and describes it in r.Record. The caller ends the operation with [Record.End], after it has
// noted how many elements it has left. like is the Ring that r was copied from.
func (r *Ring) EnqueueRecorded(like *Ring, objs unsafe.Pointer, n int) Moved {
	if build.Race {
		raceEnqueue(like, nil, 0)
	}
	r.begin(r.Prod, r.ProdSync, Producing, n)
	if build.Debug {
		return enqueueGo(r, objs, n, false)
	}
	return Enqueue(r, objs, n, false, false)
}

// DequeueRecorded is the counterpart of [Ring.EnqueueRecorded].
func (r *Ring) DequeueRecorded(like *Ring, objs unsafe.Pointer, n int) Moved {
	r.begin(r.Cons, r.ConsSync, Consuming, n)
	var m Moved
	if build.Debug {
		m = dequeueGo(r, objs, n, false)
	} else {
		m = Dequeue(r, objs, n, false, false)
	}
	if build.Race && m.Done() != 0 {
		raceAcquire(like)
	}
	return m
}

// begin records that an operation begins. On a Single side this thread alone moves the head, so
// the place of the reservation is known. Elsewhere the operation itself records it.
func (r *Ring) begin(own *HeadTail, sync Sync, side uint32, n int) {
	rec := r.Record
	rec.Side = side
	rec.Head, rec.Count = 0, 0
	if sync == Single {
		rec.Head, rec.Count = own.Head, uint32(min(n, int(r.Size)))
	}
	rec.Step = Entering
}

// End records that nothing is under way any more.
func (rec *Record) End() {
	rec.reach("at the end")
	rec.Step = Idle
}

// Point is called with the name of each point of an operation that is recorded, in builds with the
// tag godpdk_debug. Tests stop there.
var Point = func(name string) {}

func (rec *Record) reach(name string) {
	if build.Debug && rec != nil {
		Point(name)
	}
}

func (rec *Record) intend(head, n uint32) {
	if rec == nil {
		return
	}
	atomic.StoreUint32(&rec.Head, head)
	atomic.StoreUint32(&rec.Count, n)
	rec.reach("after intent")
}

func (rec *Record) reserved() {
	if rec == nil {
		return
	}
	rec.reach("after head")
	atomic.StoreUint32(&rec.Step, Reserved)
	rec.reach("after reservation")
}

func (rec *Record) published() {
	if rec == nil {
		return
	}
	atomic.StoreUint32(&rec.Step, Published)
	rec.reach("after tail")
}

func (rec *Record) barred() {
	if rec != nil {
		atomic.StoreUint32(&rec.Count, 0)
	}
}

// half returns a part of n elements: a copy that a test stops in the middle.
func (rec *Record) half(n uint32) uint32 {
	if build.Debug && rec != nil {
		return n / 2
	}
	return n
}
