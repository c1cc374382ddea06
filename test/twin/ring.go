//go:build linux

package twin

/*
#include <rte_ring.h>
#include <rte_ring_elem.h>

// The buffer is a uintptr_t pointer: the runtime's cgo pointer check then has nothing to walk.
struct twin_moved {
	uint32_t n, left;
};

static inline struct twin_moved
twin_ring_enqueue(struct rte_ring *r, const uintptr_t *objs, uint32_t esize, uint32_t n, int bulk)
{
	struct twin_moved m;
	unsigned int left = 0;

	m.n = bulk ? rte_ring_enqueue_bulk_elem(r, objs, esize, n, &left)
		   : rte_ring_enqueue_burst_elem(r, objs, esize, n, &left);
	m.left = left;
	return m;
}

static inline struct twin_moved
twin_ring_dequeue(struct rte_ring *r, uintptr_t *objs, uint32_t esize, uint32_t n, int bulk)
{
	struct twin_moved m;
	unsigned int left = 0;

	m.n = bulk ? rte_ring_dequeue_bulk_elem(r, objs, esize, n, &left)
		   : rte_ring_dequeue_burst_elem(r, objs, esize, n, &left);
	m.left = left;
	return m;
}

#cgo noescape twin_ring_enqueue
#cgo nocallback twin_ring_enqueue
#cgo noescape twin_ring_dequeue
#cgo nocallback twin_ring_dequeue
*/
import "C"

import "unsafe"

// RingEnqueue enqueues n elements; with bulk all of them or none. It returns the number of enqueued
// elements and of free slots.
//
// Implements: rte_ring_enqueue_bulk_elem, rte_ring_enqueue_burst_elem
func RingEnqueue(r, objs unsafe.Pointer, elemSize, n uint32, bulk bool) (moved, free uint32) {
	m := C.twin_ring_enqueue((*C.struct_rte_ring)(r), (*C.uintptr_t)(objs), C.uint32_t(elemSize), C.uint32_t(n), cbool(bulk))
	return uint32(m.n), uint32(m.left)
}

// RingDequeue dequeues n elements; with bulk all of them or none. It returns the number of dequeued
// elements and of elements left.
//
// Implements: rte_ring_dequeue_bulk_elem, rte_ring_dequeue_burst_elem
func RingDequeue(r, objs unsafe.Pointer, elemSize, n uint32, bulk bool) (moved, available uint32) {
	m := C.twin_ring_dequeue((*C.struct_rte_ring)(r), (*C.uintptr_t)(objs), C.uint32_t(elemSize), C.uint32_t(n), cbool(bulk))
	return uint32(m.n), uint32(m.left)
}

// RingCounts returns the counts and sizes of r that C reads.
//
// Implements: rte_ring_count, rte_ring_free_count, rte_ring_get_size, rte_ring_get_capacity
func RingCounts(r unsafe.Pointer) (count, free, size, mask, capacity uint32) {
	c := (*C.struct_rte_ring)(r)
	return uint32(C.rte_ring_count(c)), uint32(C.rte_ring_free_count(c)), uint32(C.rte_ring_get_size(c)), uint32(c.mask), uint32(C.rte_ring_get_capacity(c))
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
