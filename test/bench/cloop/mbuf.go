//go:build linux

package cloop

/*
#include <rte_lcore.h>
#include <rte_mbuf.h>

// The threads of a C program are lcores, and each has a cache in each pool. The thread of the
// benchmark is not an lcore: it borrows the ID of the main lcore, which sleeps. So the loops below
// are the same as in a C program.
static inline unsigned int
borrow(unsigned int id)
{
	unsigned int own = RTE_PER_LCORE(_lcore_id);

	RTE_PER_LCORE(_lcore_id) = id;
	return own;
}

static __rte_noinline void
mbuf_single(struct rte_mempool *mp, unsigned int iters)
{
	while (iters--) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(mp);

		if (m != NULL)
			rte_pktmbuf_free(m);
	}
}

static __rte_noinline void
mbuf_bulk(struct rte_mempool *mp, struct rte_mbuf **pkts, unsigned int n, unsigned int iters)
{
	while (iters--)
		if (rte_pktmbuf_alloc_bulk(mp, pkts, n) == 0)
			rte_pktmbuf_free_bulk(pkts, n);
}

static void
mbuf_alloc_free(struct rte_mempool *mp, void *pkts, unsigned int n, unsigned int iters)
{
	unsigned int own = borrow(rte_get_main_lcore());

	if (n == 1)
		mbuf_single(mp, iters);
	else
		mbuf_bulk(mp, pkts, n, iters);
	borrow(own);
}

static __rte_noinline void
mbuf_swap(struct rte_mbuf **pkts, unsigned int n, unsigned int iters)
{
	while (iters--) {
		for (unsigned int i = 0; i < n; i++) {
			char *frame = rte_pktmbuf_mtod(pkts[i], char *);
			uint64_t lo, first;
			uint32_t hi, last;

			memcpy(&lo, frame, sizeof(lo));
			memcpy(&hi, frame + 8, sizeof(hi));
			first = lo << 48 | (uint64_t)hi << 16 | lo >> 48;
			last = lo >> 16;
			memcpy(frame, &first, sizeof(first));
			memcpy(frame + 8, &last, sizeof(last));
		}
		__asm__ volatile("" ::: "memory");
	}
}
*/
import "C"

import "unsafe"

// MbufAllocFree allocates and frees n mbufs, iters times, through the cache of an
// lcore: rte_pktmbuf_alloc and rte_pktmbuf_free if n is 1, else the bulk calls.
func MbufAllocFree(pool, pkts unsafe.Pointer, n, iters int) {
	C.mbuf_alloc_free((*C.struct_rte_mempool)(pool), pkts, C.uint(n), C.uint(iters))
}

// MbufSwap swaps the Ethernet addresses of n packets, iters times.
func MbufSwap(pkts unsafe.Pointer, n, iters int) {
	C.mbuf_swap((**C.struct_rte_mbuf)(pkts), C.uint(n), C.uint(iters))
}
