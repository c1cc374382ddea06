//go:build linux

// Package cloop holds the C side of the benchmarks: the same loops over DPDK's inline functions,
// compiled like a C program.
package cloop

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -include rte_config.h -O3
#cgo amd64 CFLAGS: -march=native
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo LDFLAGS: -Wl,--as-needed
#include <rte_ring.h>

static __rte_noinline void
ring_sp_sc(struct rte_ring *r, void **objs, unsigned int n, unsigned int iters)
{
	while (iters--) {
		rte_ring_sp_enqueue_bulk(r, objs, n, NULL);
		rte_ring_sc_dequeue_bulk(r, objs, n, NULL);
	}
}

static __rte_noinline void
ring_mp_mc(struct rte_ring *r, void **objs, unsigned int n, unsigned int iters)
{
	while (iters--) {
		rte_ring_mp_enqueue_bulk(r, objs, n, NULL);
		rte_ring_mc_dequeue_bulk(r, objs, n, NULL);
	}
}

static __rte_noinline void
ring_any(struct rte_ring *r, void **objs, unsigned int n, unsigned int iters)
{
	while (iters--) {
		rte_ring_enqueue_bulk(r, objs, n, NULL);
		rte_ring_dequeue_bulk(r, objs, n, NULL);
	}
}

static __rte_noinline void
ring_one_sp_sc(struct rte_ring *r, void **obj, unsigned int iters)
{
	while (iters--) {
		rte_ring_sp_enqueue(r, *obj);
		rte_ring_sc_dequeue(r, obj);
	}
}

static __rte_noinline void
ring_one_mp_mc(struct rte_ring *r, void **obj, unsigned int iters)
{
	while (iters--) {
		rte_ring_mp_enqueue(r, *obj);
		rte_ring_mc_dequeue(r, obj);
	}
}

static __rte_noinline void
ring_one_any(struct rte_ring *r, void **obj, unsigned int iters)
{
	while (iters--) {
		rte_ring_enqueue(r, *obj);
		rte_ring_dequeue(r, obj);
	}
}
*/
import "C"

import "unsafe"

// Ring enqueues and dequeues bulks of n pointers, iters times. For single and multi sides it uses the
// functions that a C program calls if it knows the mode at compile time.
func Ring(r unsafe.Pointer, single, multi bool, objs unsafe.Pointer, n, iters int) {
	ring, table := (*C.struct_rte_ring)(r), (*unsafe.Pointer)(objs)
	switch {
	case single:
		C.ring_sp_sc(ring, table, C.uint(n), C.uint(iters))
	case multi:
		C.ring_mp_mc(ring, table, C.uint(n), C.uint(iters))
	default:
		C.ring_any(ring, table, C.uint(n), C.uint(iters))
	}
}

// RingOne does the same for single elements.
func RingOne(r unsafe.Pointer, single, multi bool, obj unsafe.Pointer, iters int) {
	ring, p := (*C.struct_rte_ring)(r), (*unsafe.Pointer)(obj)
	switch {
	case single:
		C.ring_one_sp_sc(ring, p, C.uint(iters))
	case multi:
		C.ring_one_mp_mc(ring, p, C.uint(iters))
	default:
		C.ring_one_any(ring, p, C.uint(iters))
	}
}
