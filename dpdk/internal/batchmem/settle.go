package batchmem

import (
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringlayout"
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
	entries []*entry  // of the ops
	since   time.Time // when the last of them was found
}

// settle finishes or undoes what dead processes have begun on rings, until done. It reports whether it
// could. The caller holds the lock of the book, and loses it while settle waits for a living process.
func settle(done func() bool) bool {
	begin := time.Now()
	for {
		trySettle()
		switch {
		case done():
			return true
		case time.Since(begin) > limit:
			return false
		}
		book.Unlock()
		time.Sleep(time.Millisecond)
		book.Lock()
	}
}

// trySettle settles those sides of rings on which it has not to wait.
func trySettle() {
	sides, living := map[side]*unsettled{}, []*ringcore.Record{}
	for _, e := range book.batch {
		if e.lives() {
			living = append(living, &e.h.Record)
			continue
		}
		e.mend()
		switch {
		case e.unsettled():
			e.add(sides)
		case e.owner != gone: // now: the next process on its lcore will use the same cache
			e.doubt += e.undo()
		}
	}
	if len(sides) == 0 {
		return
	}
	rings := map[unsafe.Pointer]cgo.RingInfo{}
	for _, i := range cgo.Rings() {
		rings[unsafe.Add(i.Ring, cgo.RingProd)] = i
	}
	for s, u := range sides {
		info, exists := rings[unsafe.Pointer(s.prod)]
		if exists { // the record of a dead process may name anything else
			ring, err := ringlayout.Describe(info, u.entries[0].ElemSize)
			u.ring, exists = ring, err == nil
			for _, op := range u.ops {
				if op.Count > ring.Size {
					op.Count, op.Step = 0, ringcore.Entering
				}
			}
		}
		switch {
		case !exists:
			for _, op := range u.ops {
				op.GiveUp()
			}
		case !u.ring.Settle(s.side, u.ops, living, time.Since(u.since) > patience):
			continue
		}
		for i, e := range u.entries {
			e.settled(u.ops[i].Moved)
		}
	}
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
	s := side{e.h.ringOf().Prod, e.h.Side}
	if sides[s] == nil {
		sides[s] = &unsettled{}
	}
	u := sides[s]
	if e.since.IsZero() {
		e.since = time.Now()
	}
	if e.since.After(u.since) {
		u.since = e.since
	}
	u.ops = append(u.ops, &ringcore.Op{Record: &e.h.Record, Objs: e.h.Elem(e.h.Index, e.ElemSize)})
	u.entries = append(u.entries, e)
}

// settled notes the outcome of an operation in its batch.
func (e *entry) settled(moved uint32) {
	if e.h.Side == ringcore.Producing {
		e.h.Lo = e.h.Index + moved
	} else {
		e.h.Hi = e.h.Index + moved
	}
	e.h.Step = ringcore.Idle
	e.since = time.Time{}
}

// undo ends an operation that a dead process had begun on a cache or a port, and returns the number
// of mbufs that the port may have or not. The caller holds the lock of the book.
func (e *entry) undo() (doubt int) {
	h := e.h
	n := min(h.Head, e.Capacity-min(h.Index, e.Capacity))
	switch h.Step {
	case Getting: // what was taken out of the cache is here
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
	case Receiving: // until the driver returns, its queue or the pool may also have what it has stored here
		if h.Hi > h.Index {
			break
		}
		for i := h.Index; i < h.Index+n; i++ {
			if *(*uintptr)(h.Elem(i, e.ElemSize)) != 0 {
				doubt++
			}
		}
	case Sending:
		if h.Lo == h.Index { // the driver has not returned
			h.Lo, doubt = h.Index+n, int(n)
		}
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
	length := min(*(*uint32)(unsafe.Add(cache, cgo.MempoolCacheLen)), 2*cgo.MempoolCacheMax) // the dead may have written anything
	for _, o := range unsafe.Slice((*uintptr)(unsafe.Add(cache, cgo.MempoolCacheObjs)), length) {
		if o == m {
			return true
		}
	}
	return false
}
