package ring

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// The calls without a second result are what data paths are made of. They are
// written to be inlined where they are called, which the compiler does as long
// as they hold one call only.

// Enqueue adds one element and says whether there was room
// (rte_ring_enqueue_elem).
func (r *Ring[T]) Enqueue(obj T) bool {
	if build.Race {
		return r.core.Enqueue(unsafe.Pointer(&obj), 1, true).Done() == 1
	}
	return uint32(ringcore.Enqueue(&r.core, unsafe.Pointer(&obj), 1, true, false)) == 1
}

// Dequeue takes one element out and says whether there was one
// (rte_ring_dequeue_elem).
func (r *Ring[T]) Dequeue() (obj T, ok bool) {
	if build.Race {
		ok = r.core.Dequeue(unsafe.Pointer(&obj), 1, true).Done() == 1
		return obj, ok
	}
	ok = uint32(ringcore.Dequeue(&r.core, unsafe.Pointer(&obj), 1, true, false)) == 1
	return obj, ok
}

// EnqueueBulk adds all of objs or none, and returns len(objs) or 0
// (rte_ring_enqueue_bulk_elem).
func (r *Ring[T]) EnqueueBulk(objs []T) int {
	if build.Race {
		return int(r.core.Enqueue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), true).Done())
	}
	return int(uint32(ringcore.Enqueue(&r.core, unsafe.Pointer(unsafe.SliceData(objs)), len(objs), true, false)))
}

// EnqueueBurst adds as many of objs as there is room for, from the first on,
// and returns how many (rte_ring_enqueue_burst_elem).
func (r *Ring[T]) EnqueueBurst(objs []T) int {
	if build.Race {
		return int(r.core.Enqueue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false).Done())
	}
	return int(uint32(ringcore.Enqueue(&r.core, unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false, false)))
}

// DequeueBulk fills all of objs or nothing, and returns len(objs) or 0
// (rte_ring_dequeue_bulk_elem).
func (r *Ring[T]) DequeueBulk(objs []T) int {
	if build.Race {
		return int(r.core.Dequeue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), true).Done())
	}
	return int(uint32(ringcore.Dequeue(&r.core, unsafe.Pointer(unsafe.SliceData(objs)), len(objs), true, false)))
}

// DequeueBurst takes out at most len(objs) elements, in order, and returns how
// many (rte_ring_dequeue_burst_elem).
func (r *Ring[T]) DequeueBurst(objs []T) int {
	if build.Race {
		return int(r.core.Dequeue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false).Done())
	}
	return int(uint32(ringcore.Dequeue(&r.core, unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false, false)))
}

// EnqueueBulkFree is EnqueueBulk that also returns the room left after it.
func (r *Ring[T]) EnqueueBulkFree(objs []T) (n, free int) {
	m := r.core.Enqueue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), true)
	return int(m.Done()), int(m.Left())
}

// EnqueueBurstFree is EnqueueBurst that also returns the room left after it.
func (r *Ring[T]) EnqueueBurstFree(objs []T) (n, free int) {
	m := r.core.Enqueue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false)
	return int(m.Done()), int(m.Left())
}

// DequeueBulkAvailable is DequeueBulk that also returns how many elements are
// left after it.
func (r *Ring[T]) DequeueBulkAvailable(objs []T) (n, available int) {
	m := r.core.Dequeue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), true)
	return int(m.Done()), int(m.Left())
}

// DequeueBurstAvailable is DequeueBurst that also returns how many elements are
// left after it.
func (r *Ring[T]) DequeueBurstAvailable(objs []T) (n, available int) {
	m := r.core.Dequeue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false)
	return int(m.Done()), int(m.Left())
}
