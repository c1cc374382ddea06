package batchmem

import (
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// side is one side of a ring.
type side struct {
	prod *ringcore.HeadTail
	side uint8
}

// unsettled is what dead processes have begun on one side of a ring.
type unsettled struct {
	ring    ringcore.Ring
	ops     []*ringcore.Op
	entries []*entry // of the ops
}

// settle finishes or undoes what dead processes have begun on rings. It reports whether it could. The
// caller holds the lock of the book.
func settle() bool {
	begin := time.Now()
	for {
		left := trySettle(time.Since(begin) > patience)
		if left == 0 || time.Since(begin) > limit {
			return left == 0
		}
		time.Sleep(time.Millisecond)
	}
}

// trySettle returns the number of sides of rings that are not settled.
func trySettle(alone bool) (left int) {
	sides, living := map[side]*unsettled{}, []*ringcore.Record{}
	for _, e := range book.batch {
		if e.owner != gone && delegate.Alive(e.owner) {
			living = append(living, &e.h.Record)
			continue
		}
		if e.unsettled() {
			e.add(sides)
		}
	}
	if len(sides) == 0 {
		return 0
	}
	exists := map[unsafe.Pointer]bool{}
	for _, i := range cgo.Rings() {
		exists[unsafe.Add(i.Ring, cgo.RingProd)] = true
	}
	for s, u := range sides {
		if exists[unsafe.Pointer(s.prod)] && !u.ring.Settle(s.side, u.ops, on(living, s), alone) {
			left++
			continue
		}
		for i, e := range u.entries {
			e.settled(u.ops[i].Moved)
		}
	}
	return left
}

// unsettled reports whether a dead owner has left an operation on a ring.
func (e *entry) unsettled() bool { return e.h.Step != ringcore.Idle && e.h.Step < ringcore.Others }

// ringOf returns the ring of the operation under way.
func (h *Header) ringOf() *ringcore.Ring {
	if h.Side == ringcore.Producing {
		return &h.Out
	}
	return &h.In
}

// add adds the operation of a dead process to those of its side.
func (e *entry) add(sides map[side]*unsettled) {
	ring := *e.h.ringOf()
	ring.Record = nil
	s := side{ring.Prod, e.h.Side}
	if sides[s] == nil {
		sides[s] = &unsettled{ring: ring}
	}
	u := sides[s]
	u.ops = append(u.ops, &ringcore.Op{Record: &e.h.Record, Objs: e.h.Elem(e.h.Index, e.ElemSize)})
	u.entries = append(u.entries, e)
}

// on returns the records of threads that use this side of a ring.
func on(living []*ringcore.Record, s side) (all []*ringcore.Record) {
	for _, r := range living {
		h := (*Header)(unsafe.Pointer(r)) // the record is at its start
		if ring := h.ringOf(); ring.Prod == s.prod {
			all = append(all, r)
		}
	}
	return all
}

// settled notes the outcome of an operation in its batch.
func (e *entry) settled(moved uint32) {
	if e.h.Side == ringcore.Producing {
		e.h.Lo = e.h.Index + moved
	} else {
		e.h.Hi = e.h.Index + moved
	}
	e.h.Step = ringcore.Idle
}

// undo ends an operation that a dead process had begun on a cache or a port, and returns the number
// of mbufs that the port may have or not. The caller holds the lock of the book.
func (e *entry) undo() (doubt uint32) {
	h := e.h
	n := min(h.Head, e.Capacity-min(h.Index, e.Capacity))
	switch h.Step {
	case Getting, Receiving: // what was taken out of the cache or came from the port is here
		h.Hi = h.Index
		for i := h.Index; i < h.Index+n; i++ {
			if from := (*uintptr)(h.Elem(i, e.ElemSize)); *from != 0 && !e.cached(i) {
				*(*uintptr)(h.Elem(h.Hi, e.ElemSize)) = *from
				h.Hi++
			}
		}
	case Putting: // all are in the cache, or none
		h.Lo = h.Index
		if n > 0 && e.cached(h.Index) {
			h.Lo += n
		}
	case Sending:
		h.Lo, doubt = h.Index+n, n
	}
	h.Step = ringcore.Idle
	return doubt
}

// cached reports whether the mbuf at an index is also in the cache of the operation.
func (e *entry) cached(i uint32) bool {
	if e.h.Cache == 0 {
		return false
	}
	cache := pointer(e.h.Cache)
	m := *(*uintptr)(e.h.Elem(i, e.ElemSize))
	length := *(*uint32)(unsafe.Add(cache, cgo.MempoolCacheLen))
	for _, o := range unsafe.Slice((*uintptr)(unsafe.Add(cache, cgo.MempoolCacheObjs)), length) {
		if o == m {
			return true
		}
	}
	return false
}
