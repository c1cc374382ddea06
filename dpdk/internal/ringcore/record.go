package ringcore

import (
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// Record describes a batch, an array in shared memory from [Elems] on, and the operation of its
// thread on a ring while it is under way. When the process is killed, the survivors find in it what
// the thread had begun: see [Ring.Settle].
//
// The order of its stores matters only to a thread that is killed, and a thread is killed between
// two instructions: everything before them has been done. So the stores need no barriers.
type Record struct {
	_           [0]uint64 // for the alignment
	Head, Count uint32    // the next attempt to reserve, or the reservation. Count is 0 if there is none
	Step        uint8
	Side        uint8 // Producing or Consuming
	_           uint16
	Index       uint32 // of the first element of the operation

	// The batch holds the elements with the indices Lo to Hi - 1, none if Lo >= Hi.
	Lo, Hi   uint32
	Capacity uint32

	Out, In Ring // of the last enqueue and the last dequeue
}

// Elems is the offset of the elements from the Record.
const Elems = 256

// Steps of an operation. Those of the record's user are larger.
const (
	Idle      uint8 = iota
	Entering        // about to move the head of the ring; it may have moved
	Reserved        // the head has moved; the tail may have moved
	Published       // RTS: this thread has counted itself out
	Others          // the first step for the user of the record
)

// Sides of a ring.
const (
	Producing uint8 = iota
	Consuming
)

// Forget makes a record that another process has used describe no ring.
func (rec *Record) Forget() {
	const none = 1<<64 - 1
	rec.Out.ID, rec.In.ID = none, none
}

// describesOut reports whether the record describes r, and makes it do so if the two exist.
func (rec *Record) describesOut(r *Ring) bool {
	if rec == nil || rec.Capacity == 0 || r.ID == 0 {
		return false
	}
	if rec.Out.ID != r.ID {
		rec.Out = *r
	}
	return true
}

func (rec *Record) describesIn(r *Ring) bool {
	if rec == nil || rec.Capacity == 0 || r.ID == 0 {
		return false
	}
	if rec.In.ID != r.ID {
		rec.In = *r
	}
	return true
}

// EnqueueBatch moves as many elements as fit from the front of the batch of a record into the ring.
func (r *Ring) EnqueueBatch(rec *Record) int {
	if build.Race {
		raceEnqueue(r, nil, 0)
	}
	if build.Debug {
		return int(r.EnqueueBatchGo(rec).Done())
	}
	return int(EnqueueBatch(r, rec, 0, Burst).Done())
}

// DequeueBatch moves at most n elements from the ring to the end of the batch of a record.
func (r *Ring) DequeueBatch(rec *Record, n int) int {
	var done uint32
	if build.Debug {
		done = r.DequeueBatchGo(rec, n).Done()
	} else {
		done = DequeueBatch(r, rec, n, Burst).Done()
	}
	if build.Race && done != 0 {
		raceAcquire(r)
	}
	return int(done)
}

// Elem returns the address of the element at index i.
func (rec *Record) Elem(i, size uint32) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(rec), Elems+uintptr(i)*uintptr(size))
}

// Room returns the index at which the next element goes. In an empty batch it is 0.
func (rec *Record) Room() uint32 {
	if rec.Lo >= rec.Hi && rec.Hi != 0 {
		rec.Hi = 0 // first: between the two stores the batch is empty
		rec.Lo = 0
	}
	return rec.Hi
}

// end records how many elements have moved, and that nothing is under way any more.
func (rec *Record) end(moved uint32) {
	if rec == nil {
		return
	}
	if rec.Side == Producing {
		rec.Lo += moved
	} else {
		rec.Hi += moved
	}
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
	rec.Head, rec.Count = head, n
	rec.Step = Entering
	rec.reach("after intent")
}

func (rec *Record) reserved() {
	if rec == nil {
		return
	}
	rec.reach("after head")
	rec.Step = Reserved
	rec.reach("after reservation")
}

func (rec *Record) published() {
	if rec == nil {
		return
	}
	rec.Step = Published
	rec.reach("after tail")
}

func (rec *Record) barred() {
	if rec != nil {
		rec.Count = 0
	}
}

// look reads a record of a living thread.
func (rec *Record) look() Record {
	w := (*[2]uint64)(unsafe.Pointer(rec))
	seen := [2]uint64{atomic.LoadUint64(&w[0]), atomic.LoadUint64(&w[1])}
	return *(*Record)(unsafe.Pointer(&seen))
}

// half returns a part of n elements: a copy that a test stops in the middle.
func (rec *Record) half(n uint32) uint32 {
	if build.Debug && rec != nil {
		return n / 2
	}
	return n
}
