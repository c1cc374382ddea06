//go:build linux

package cloop

/*
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

// The size of an element is a constant in a C program.
#define ELEM(size) \
	case size: \
		while (iters--) { \
			rte_ring_sp_enqueue_bulk_elem(r, objs, size, n, NULL); \
			rte_ring_sc_dequeue_bulk_elem(r, objs, size, n, NULL); \
		} \
		break;

static __rte_noinline void
ring_elem(struct rte_ring *r, unsigned int size, void *objs, unsigned int n, unsigned int iters)
{
	switch (size) {
	ELEM(4)
	ELEM(8)
	ELEM(16)
	ELEM(32)
	ELEM(64)
	ELEM(128)
	ELEM(256)
	default:
		abort();
	}
}

static __rte_noinline unsigned int
mempool_fifo(struct rte_mempool *mp, struct rte_mempool_cache *cache, void **held,
	     unsigned int count, unsigned int at, unsigned int n, unsigned int iters)
{
	while (iters--) {
		rte_mempool_generic_put(mp, held + at, n, cache);
		if (rte_mempool_generic_get(mp, held + at, n, cache) != 0)
			abort();
		for (unsigned int i = at; i < at + n; i++)
			++*(uint64_t *)held[i];
		at += n;
		if (at == count)
			at = 0;
	}
	return at;
}

// Runs the operation until the TSC is at end, and evaluates to the number of operations.
#define UNTIL(operation) __extension__ ({ \
	uint64_t count = 0; \
	do { \
		for (int i = 0; i < 4; i++) { \
			operation; \
		} \
		count += 4; \
	} while (rte_rdtsc() < end); \
	count; })

static __rte_noinline uint64_t
ring_until(struct rte_ring *r, int multi, void **objs, unsigned int n, uint64_t end)
{
	if (multi)
		return UNTIL(rte_ring_mp_enqueue_bulk(r, objs, n, NULL); rte_ring_mc_dequeue_bulk(r, objs, n, NULL));
	return UNTIL(rte_ring_enqueue_bulk(r, objs, n, NULL); rte_ring_dequeue_bulk(r, objs, n, NULL));
}

static __rte_noinline uint64_t
mempool_until(struct rte_mempool *mp, void **objs, unsigned int n, uint64_t end)
{
	return UNTIL(if (rte_mempool_generic_get(mp, objs, n, NULL) != 0) abort(); rte_mempool_generic_put(mp, objs, n, NULL));
}

static __rte_noinline void
queues(uint16_t in, uint16_t out, uint16_t count, void *table, unsigned int n, unsigned int iters,
       uint64_t dst, uint64_t src)
{
	struct rte_mbuf **pkts = table;
	uint16_t queue = 0;

	while (iters--) {
		uint16_t got = rte_eth_rx_burst(in, queue, pkts, n);
		uint16_t sent;

		for (uint16_t i = 0; i < got; i++) {
			char *frame = rte_pktmbuf_mtod(pkts[i], char *);

			memcpy(frame, &dst, 8);
			memcpy(frame + 6, &src, 6);
		}
		sent = rte_eth_tx_burst(out, queue, pkts, got);
		if (unlikely(sent < got))
			rte_pktmbuf_free_bulk(pkts + sent, got - sent);
		if (++queue == count)
			queue = 0;
	}
}

static __rte_noinline void
pressure(uint16_t port, void *table, unsigned int n, unsigned int iters,
	 void *memory, unsigned int shift, uint64_t dst, uint64_t src)
{
	struct rte_mbuf **pkts = table;
	struct { uint64_t count[8]; } *lines = memory;

	while (iters--) {
		uint16_t got = rte_eth_rx_burst(port, 0, pkts, n);

		for (uint16_t i = 0; i < got; i++) {
			char *frame = rte_pktmbuf_mtod(pkts[i], char *);
			uint32_t flow;

			memcpy(&flow, frame + 16, 4);
			flow = flow * 1664525 + 1013904223;
			memcpy(frame + 16, &flow, 4);
			memcpy(frame, &dst, 8);
			memcpy(frame + 6, &src, 6);
			lines[flow >> shift].count[0]++;
		}
		if (rte_eth_tx_burst(port, 0, pkts, got) != got)
			abort();
	}
}
*/
import "C"

import "unsafe"

// RingElem enqueues and dequeues bulks of n elements of some bytes, for one producer and one consumer,
// iters times.
func RingElem(r unsafe.Pointer, size int, objs unsafe.Pointer, n, iters int) {
	C.ring_elem((*C.struct_rte_ring)(r), C.uint(size), objs, C.uint(n), C.uint(iters))
}

// MempoolFIFO puts the n objects that were held longest and gets and writes n others, iters times.
// The oldest of count objects is held[at]; the result is the next one.
func MempoolFIFO(mp, cache, held unsafe.Pointer, count, at, n, iters int) int {
	return int(C.mempool_fifo((*C.struct_rte_mempool)(mp), (*C.struct_rte_mempool_cache)(cache),
		(*unsafe.Pointer)(held), C.uint(count), C.uint(at), C.uint(n), C.uint(iters)))
}

// RingUntil enqueues and dequeues bulks of n pointers until the TSC is at end, and returns how often.
func RingUntil(r unsafe.Pointer, multi bool, objs unsafe.Pointer, n int, end uint64) int {
	m := C.int(0)
	if multi {
		m = 1
	}
	return int(C.ring_until((*C.struct_rte_ring)(r), m, (*unsafe.Pointer)(objs), C.uint(n), C.uint64_t(end)))
}

// MempoolUntil gets and puts n objects without a cache until the TSC is at end, and returns how often.
func MempoolUntil(mp, objs unsafe.Pointer, n int, end uint64) int {
	return int(C.mempool_until((*C.struct_rte_mempool)(mp), (*unsafe.Pointer)(objs), C.uint(n), C.uint64_t(end)))
}

// Queues does what L2Forward does, from one queue after the other, of count, to the queue of the same
// number.
func Queues(in, out, count int, pkts unsafe.Pointer, n, iters int, dst, src uint64) {
	C.queues(C.uint16_t(in), C.uint16_t(out), C.uint16_t(count), pkts, C.uint(n), C.uint(iters), C.uint64_t(dst), C.uint64_t(src))
}

// Pressure does what L2Forward does, to the same port. Each packet also gets the next random number, and
// counts in the line of memory that the upper bits of the number select: those after the shift.
func Pressure(port int, pkts unsafe.Pointer, n, iters int, memory unsafe.Pointer, shift uint, dst, src uint64) {
	C.pressure(C.uint16_t(port), pkts, C.uint(n), C.uint(iters), memory, C.uint(shift), C.uint64_t(dst), C.uint64_t(src))
}
