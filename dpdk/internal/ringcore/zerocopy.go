package ringcore

import (
	"errors"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// A zero-copy operation (rte_ring_peek_zc.h) has two steps: reserve slots, fill or read them
// in place, then commit. Only Single and HTS sides support it, because no other thread may be
// inside meanwhile. Other threads on an HTS side wait from reserve to commit.

// Errors of CommitEnqueue and CommitDequeue, which leave the ring unchanged.
var (
	ErrNotReserved = errors.New("ringcore: more elements committed than were reserved")
	ErrNoTwoStep   = errors.New("ringcore: only single-thread and HTS sides work in two steps")
)

// ReserveEnqueue reserves at most n slots for the caller to fill: all or none if bulk,
// otherwise as many as are free. The slots are the taken ones from index start & r.Mask on;
// after r.Mask they continue at index 0. free is the room left after them. If taken is 0,
// do not commit. It is always 0 for Multi and RTS producers.
func (r *Ring) ReserveEnqueue(n uint32, bulk bool) (start, taken, free uint32) {
	if !r.ProdSync.twoStep() {
		return 0, 0, 0
	}
	start, taken, room := reserve(r.Prod, r.Cons, r.ProdSync, r.Capacity, int(n), bulk, nil)
	return start, taken, room - taken
}

// CommitEnqueue publishes the first n reserved slots and releases the others.
func (r *Ring) CommitEnqueue(n uint32) error {
	if build.Race {
		raceEnqueue(r, nil, 0)
	}
	return commit(r.Prod, r.ProdSync, n)
}

// ReserveDequeue reserves at most n elements for the caller to read in place: all or none if
// bulk, otherwise as many as the ring holds. The slots are the taken ones from index
// start & r.Mask on; after r.Mask they continue at index 0. available is the number of
// elements after them. If taken is 0, do not commit. It is always 0 for Multi and RTS
// consumers.
func (r *Ring) ReserveDequeue(n uint32, bulk bool) (start, taken, available uint32) {
	if !r.ConsSync.twoStep() {
		return 0, 0, 0
	}
	start, taken, room := reserve(r.Cons, r.Prod, r.ConsSync, 0, int(n), bulk, nil)
	if build.Race {
		raceAcquire(r)
	}
	return start, taken, room - taken
}

// CommitDequeue removes the first n of the reserved elements from the ring and
// leaves the others in it.
func (r *Ring) CommitDequeue(n uint32) error {
	return commit(r.Cons, r.ConsSync, n)
}

func (s Sync) twoStep() bool { return s == Single || s == HTS }

// commit moves own's tail forward by n and its head back to the same position, in one store.
func commit(own *HeadTail, sync Sync, n uint32) error {
	if !sync.twoStep() {
		return ErrNoTwoStep
	}
	head, tail := unpair(atomic.LoadUint64(own.word()))
	if n > head-tail {
		return ErrNotReserved
	}
	atomic.StoreUint64(own.word(), pair(tail+n, tail+n))
	return nil
}
