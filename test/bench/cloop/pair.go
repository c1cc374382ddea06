//go:build linux

package cloop

/*
#include <rte_cycles.h>
#include <rte_pause.h>
#include <rte_ring.h>

// A bulk is all or nothing: repeat until there is room, or until there are so many elements. rte_pause is
// what DPDK's ring_perf_autotest does meanwhile.
#define SEND (multi ? rte_ring_mp_enqueue_bulk(r, objs, n, NULL) : rte_ring_sp_enqueue_bulk(r, objs, n, NULL))
#define RECEIVE (multi ? rte_ring_mc_dequeue_bulk(r, objs, n, NULL) : rte_ring_sc_dequeue_bulk(r, objs, n, NULL))

static __rte_always_inline void
send_bulks(struct rte_ring *r, bool multi, void **objs, unsigned int n, unsigned int bursts)
{
	while (bursts--)
		while (SEND == 0)
			rte_pause();
}

static __rte_always_inline uint64_t
receive_bulks(struct rte_ring *r, bool multi, void **objs, unsigned int n, unsigned int bursts)
{
	uint64_t start = 0;

	for (unsigned int i = 0; i < bursts; i++) {
		while (RECEIVE == 0)
			rte_pause();
		if (i == 0)
			start = rte_rdtsc();
	}
	return rte_rdtsc() - start;
}

static __rte_always_inline void
send_stamped(struct rte_ring *r, bool multi, void **objs, unsigned int n, unsigned int bursts, uint64_t every)
{
	uint64_t last = rte_rdtsc();

	while (bursts--) {
		uint64_t now;

		do {
			now = rte_rdtsc();
		} while (now - last < every);
		last = now;
		objs[n - 1] = (void *)now;
		while (SEND == 0)
			rte_pause();
	}
}

static __rte_always_inline void
receive_stamped(struct rte_ring *r, bool multi, void **objs, unsigned int n, uint32_t *took, unsigned int bursts)
{
	while (bursts--) {
		while (RECEIVE == 0)
			rte_pause();
		*took++ = RTE_MIN(rte_rdtsc() - (uint64_t)objs[n - 1], (uint64_t)UINT32_MAX);
	}
}

// The mode is a constant in a C program.
static __rte_noinline void
pair_send(struct rte_ring *r, bool multi, void **objs, unsigned int n, unsigned int bursts)
{
	if (multi)
		send_bulks(r, true, objs, n, bursts);
	else
		send_bulks(r, false, objs, n, bursts);
}

static __rte_noinline uint64_t
pair_receive(struct rte_ring *r, bool multi, void **objs, unsigned int n, unsigned int bursts)
{
	if (multi)
		return receive_bulks(r, true, objs, n, bursts);
	return receive_bulks(r, false, objs, n, bursts);
}

static __rte_noinline void
pair_send_stamped(struct rte_ring *r, bool multi, void **objs, unsigned int n, unsigned int bursts, uint64_t every)
{
	if (multi)
		send_stamped(r, true, objs, n, bursts, every);
	else
		send_stamped(r, false, objs, n, bursts, every);
}

static __rte_noinline void
pair_receive_stamped(struct rte_ring *r, bool multi, void **objs, unsigned int n, uint32_t *took, unsigned int bursts)
{
	if (multi)
		receive_stamped(r, true, objs, n, took, bursts);
	else
		receive_stamped(r, false, objs, n, took, bursts);
}
*/
import "C"

import "unsafe"

// Send enqueues bulks of n elements of 8 bytes as fast as the ring has room.
func Send(r unsafe.Pointer, multi bool, objs unsafe.Pointer, n, bursts int) {
	C.pair_send((*C.struct_rte_ring)(r), C.bool(multi), (*unsafe.Pointer)(objs), C.uint(n), C.uint(bursts))
}

// Receive dequeues bulks of n elements, and returns the cycles from the first bulk to the last one.
func Receive(r unsafe.Pointer, multi bool, objs unsafe.Pointer, n, bursts int) uint64 {
	return uint64(C.pair_receive((*C.struct_rte_ring)(r), C.bool(multi), (*unsafe.Pointer)(objs), C.uint(n), C.uint(bursts)))
}

// SendStamped enqueues a bulk at most each every cycles. The last element is the TSC before the enqueue.
func SendStamped(r unsafe.Pointer, multi bool, objs unsafe.Pointer, n, bursts int, every uint64) {
	C.pair_send_stamped((*C.struct_rte_ring)(r), C.bool(multi), (*unsafe.Pointer)(objs), C.uint(n), C.uint(bursts), C.uint64_t(every))
}

// ReceiveStamped dequeues len(took) bulks of n elements, and writes the cycles since the stamp of each.
func ReceiveStamped(r unsafe.Pointer, multi bool, objs unsafe.Pointer, n int, took []uint32) {
	C.pair_receive_stamped((*C.struct_rte_ring)(r), C.bool(multi), (*unsafe.Pointer)(objs), C.uint(n),
		(*C.uint32_t)(unsafe.SliceData(took)), C.uint(len(took)))
}
