//go:build linux

package cloop

/*
#include <stdlib.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>

static inline void
update_mac(struct rte_mbuf *m, uint64_t dst, uint64_t src)
{
	char *frame = rte_pktmbuf_mtod(m, char *);

	memcpy(frame, &dst, 8); // and two bytes of the next field
	memcpy(frame + 6, &src, 4);
	src >>= 32;
	memcpy(frame + 10, &src, 2);
}

static __rte_noinline void
l2fwd(uint16_t in, uint16_t out, void *table, unsigned int n, unsigned int iters,
      uint64_t dst, uint64_t src)
{
	struct rte_mbuf **pkts = table;

	while (iters--) {
		uint16_t got = rte_eth_rx_burst(in, 0, pkts, n);
		uint16_t sent;

		for (uint16_t i = 0; i < got; i++)
			update_mac(pkts[i], dst, src);
		sent = rte_eth_tx_burst(out, 0, pkts, got);
		if (unlikely(sent < got))
			rte_pktmbuf_free_bulk(pkts + sent, got - sent);
	}
}

static __rte_noinline void
loopback(uint16_t port, void *table, unsigned int n, unsigned int iters)
{
	while (iters--) {
		rte_eth_tx_burst(port, 0, table, n);
		if (rte_eth_rx_burst(port, 0, table, n) != n)
			abort();
	}
}

static unsigned int
set_lcore(unsigned int id)
{
	unsigned int own = RTE_PER_LCORE(_lcore_id);

	RTE_PER_LCORE(_lcore_id) = id;
	return own;
}
*/
import "C"

import "unsafe"

// L2Forward receives up to n packets from port in, writes new Ethernet addresses
// into them and sends them through port out, iters times, on the calling thread.
func L2Forward(in, out int, pkts unsafe.Pointer, n, iters int, dst, src uint64) {
	C.l2fwd(C.uint16_t(in), C.uint16_t(out), pkts, C.uint(n), C.uint(iters), C.uint64_t(dst), C.uint64_t(src))
}

// Loopback sends n packets through a port that receives what it sends, iters times.
func Loopback(port int, pkts unsafe.Pointer, n, iters int) {
	C.loopback(C.uint16_t(port), pkts, C.uint(n), C.uint(iters))
}

// OnLcore runs f with the ID of the main lcore: drivers allocate and free through the cache of an
// lcore. The thread of the main lcore sleeps. The caller must be locked to its thread.
func OnLcore(f func()) {
	own := C.set_lcore(C.rte_get_main_lcore())
	f()
	C.set_lcore(own)
}
