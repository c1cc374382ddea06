package ring

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// Calls without a second result are for the fast path. The compiler inlines them as long
// as they contain one call only.

// Enqueue adds one element and reports whether the ring had room.
//
// Implements: rte_ring_enqueue_elem, rte_ring_sp_enqueue_elem, rte_ring_mp_enqueue_elem,
// rte_ring_enqueue, rte_ring_sp_enqueue, rte_ring_mp_enqueue
func (r *Ring[T]) Enqueue(obj T) bool {
	if build.Race || build.Debug {
		return r.enqueue(unsafe.Pointer(&obj), 1, true).Done() == 1
	}
	return uint32(r.out.Enqueue(unsafe.Pointer(&obj), (*ringcore.One).EnqueueOtherwise)) == 1
}

// Dequeue removes one element and reports whether the ring had one.
//
// Implements: rte_ring_dequeue_elem, rte_ring_sc_dequeue_elem, rte_ring_mc_dequeue_elem,
// rte_ring_dequeue, rte_ring_sc_dequeue, rte_ring_mc_dequeue
func (r *Ring[T]) Dequeue() (obj T, ok bool) {
	if build.Race || build.Debug {
		ok = r.dequeue(unsafe.Pointer(&obj), 1, true).Done() == 1
		return obj, ok
	}
	ok = uint32(r.in.Dequeue(unsafe.Pointer(&obj), (*ringcore.One).DequeueOtherwise)) == 1
	return
}

// EnqueueBulk adds all of objs or none, and returns len(objs) or 0.
//
// Implements: rte_ring_enqueue_bulk_elem, rte_ring_sp_enqueue_bulk_elem, rte_ring_mp_enqueue_bulk_elem,
// rte_ring_mp_rts_enqueue_bulk_elem, rte_ring_mp_hts_enqueue_bulk_elem,
// rte_ring_enqueue_bulk, rte_ring_sp_enqueue_bulk, rte_ring_mp_enqueue_bulk, rte_ring_mp_rts_enqueue_bulk, rte_ring_mp_hts_enqueue_bulk
func (r *Ring[T]) EnqueueBulk(objs []T) int {
	if build.Race || build.Debug {
		return int(r.enqueue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), true).Done())
	}
	return int(uint32(ringcore.Enqueue(&r.core, unsafe.Pointer(unsafe.SliceData(objs)), len(objs), ringcore.Bulk)))
}

// EnqueueBurst adds the elements of objs, from the first on, until the ring is full, and
// returns the number added.
//
// Implements: rte_ring_enqueue_burst_elem, rte_ring_sp_enqueue_burst_elem, rte_ring_mp_enqueue_burst_elem,
// rte_ring_mp_rts_enqueue_burst_elem, rte_ring_mp_hts_enqueue_burst_elem,
// rte_ring_enqueue_burst, rte_ring_sp_enqueue_burst, rte_ring_mp_enqueue_burst, rte_ring_mp_rts_enqueue_burst, rte_ring_mp_hts_enqueue_burst
func (r *Ring[T]) EnqueueBurst(objs []T) int {
	if build.Race || build.Debug {
		return int(r.enqueue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false).Done())
	}
	return int(uint32(ringcore.Enqueue(&r.core, unsafe.Pointer(unsafe.SliceData(objs)), len(objs), ringcore.Burst)))
}

// DequeueBulk fills all of objs or nothing, and returns len(objs) or 0.
//
// Implements: rte_ring_dequeue_bulk_elem, rte_ring_sc_dequeue_bulk_elem, rte_ring_mc_dequeue_bulk_elem,
// rte_ring_mc_rts_dequeue_bulk_elem, rte_ring_mc_hts_dequeue_bulk_elem,
// rte_ring_dequeue_bulk, rte_ring_sc_dequeue_bulk, rte_ring_mc_dequeue_bulk, rte_ring_mc_rts_dequeue_bulk, rte_ring_mc_hts_dequeue_bulk
func (r *Ring[T]) DequeueBulk(objs []T) int {
	if build.Race || build.Debug {
		return int(r.dequeue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), true).Done())
	}
	return int(uint32(ringcore.Dequeue(&r.core, unsafe.Pointer(unsafe.SliceData(objs)), len(objs), ringcore.Bulk)))
}

// DequeueBurst removes at most len(objs) elements, in FIFO order, and returns the number
// removed.
//
// Implements: rte_ring_dequeue_burst_elem, rte_ring_sc_dequeue_burst_elem, rte_ring_mc_dequeue_burst_elem,
// rte_ring_mc_rts_dequeue_burst_elem, rte_ring_mc_hts_dequeue_burst_elem,
// rte_ring_dequeue_burst, rte_ring_sc_dequeue_burst, rte_ring_mc_dequeue_burst, rte_ring_mc_rts_dequeue_burst, rte_ring_mc_hts_dequeue_burst
func (r *Ring[T]) DequeueBurst(objs []T) int {
	if build.Race || build.Debug {
		return int(r.dequeue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false).Done())
	}
	return int(uint32(ringcore.Dequeue(&r.core, unsafe.Pointer(unsafe.SliceData(objs)), len(objs), ringcore.Burst)))
}

// EnqueueBulkFree does what [Ring.EnqueueBulk] does and also returns the room left.
//
// Implements: rte_ring_enqueue_bulk_elem
func (r *Ring[T]) EnqueueBulkFree(objs []T) (n, free int) {
	m := r.enqueue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), true)
	return int(m.Done()), int(m.Left())
}

// EnqueueBurstFree does what [Ring.EnqueueBurst] does and also returns the room left.
//
// Implements: rte_ring_enqueue_burst_elem
func (r *Ring[T]) EnqueueBurstFree(objs []T) (n, free int) {
	m := r.enqueue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false)
	return int(m.Done()), int(m.Left())
}

// DequeueBulkAvailable does what [Ring.DequeueBulk] does and also returns the number of
// elements left.
//
// Implements: rte_ring_dequeue_bulk_elem
func (r *Ring[T]) DequeueBulkAvailable(objs []T) (n, available int) {
	m := r.dequeue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), true)
	return int(m.Done()), int(m.Left())
}

// DequeueBurstAvailable does what [Ring.DequeueBurst] does and also returns the number of
// elements left.
//
// Implements: rte_ring_dequeue_burst_elem
func (r *Ring[T]) DequeueBurstAvailable(objs []T) (n, available int) {
	m := r.dequeue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false)
	return int(m.Done()), int(m.Left())
}
