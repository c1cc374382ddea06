//go:build linux

package cloop

/*
#include <rte_ring.h>

#include "../../../include/godpdk_doorbell.h"

static __rte_noinline void
ring_doorbell(struct rte_ring *r, void **objs, unsigned int n, struct godpdk_doorbell *bell, unsigned int iters)
{
	while (iters--) {
		rte_ring_sp_enqueue_bulk(r, objs, n, NULL);
		godpdk_doorbell_ring(bell);
		rte_ring_sc_dequeue_bulk(r, objs, n, NULL);
	}
}
*/
import "C"

import "unsafe"

// RingDoorbell does what Ring does for single sides, and rings a doorbell after each enqueue.
func RingDoorbell(r, objs unsafe.Pointer, n int, bell unsafe.Pointer, iters int) {
	C.ring_doorbell((*C.struct_rte_ring)(r), (*unsafe.Pointer)(objs), C.uint(n), (*C.struct_godpdk_doorbell)(bell), C.uint(iters))
}
