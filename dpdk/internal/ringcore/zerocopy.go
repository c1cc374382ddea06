package ringcore

import (
	"errors"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// The two halves of a zero-copy operation (rte_ring_peek_zc.h): reserve slots,
// fill or read them in place, commit. Only Single and HTS sides have them, since
// nobody else may be inside in between. Everybody who uses an HTS side waits
// from Reserve to Commit.

// Errors of CommitEnqueue and CommitDequeue; the ring is as it was.
var (
	ErrNotReserved = errors.New("ringcore: more elements committed than were reserved")
	ErrNoTwoStep   = errors.New("ringcore: only single-thread and HTS sides work in two steps")
)

// ReserveEnqueue reserves up to n slots for the caller to fill: all or none if
// bulk, otherwise as many as there is room for. The slots are taken ones from
// index start & r.Mask on, going on at index 0 after r.Mask. free is the room
// left after them. If taken is 0 there is nothing to commit; it is always 0 for
// Multi and RTS producers.
func (r *Ring) ReserveEnqueue(n uint32, bulk bool) (start, taken, free uint32) {
	if !r.ProdSync.twoStep() {
		return 0, 0, 0
	}
	start, taken, room := reserve(r.Prod, r.Cons, r.ProdSync, r.Capacity, int(n), bulk)
	return start, taken, room - taken
}

// CommitEnqueue publishes the first n of the reserved slots and gives back the
// others.
func (r *Ring) CommitEnqueue(n uint32) error {
	if build.Race {
		raceEnqueue(r, nil, 0)
	}
	return commit(r.Prod, r.ProdSync, n)
}

// ReserveDequeue reserves up to n elements for the caller to read in their
// slots: all or none if bulk, otherwise as many as there are. The slots are
// taken ones from index start & r.Mask on, going on at index 0 after r.Mask.
// available is the number of elements after them. If taken is 0 there is nothing
// to commit; it is always 0 for Multi and RTS consumers.
func (r *Ring) ReserveDequeue(n uint32, bulk bool) (start, taken, available uint32) {
	if !r.ConsSync.twoStep() {
		return 0, 0, 0
	}
	start, taken, room := reserve(r.Cons, r.Prod, r.ConsSync, 0, int(n), bulk)
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

// commit moves own's tail on by n and its head back to there, in one store.
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
