//go:build linux

package cloop

/*
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_net.h>

static __rte_noinline void
net_raw_cksum(const void *buf, size_t len, unsigned int iters)
{
	volatile uint16_t sum;

	while (iters--) {
		sum = rte_raw_cksum(buf, len);
		__asm__ volatile("" ::: "memory");
	}
	(void)sum;
}

static __rte_noinline void
net_ptype(struct rte_mbuf **pkts, unsigned int n, unsigned int iters)
{
	volatile uint32_t type;

	while (iters--)
		for (unsigned int i = 0; i < n; i++) {
			struct rte_net_hdr_lens lens;

			type = rte_net_get_ptype(pkts[i], &lens, RTE_PTYPE_ALL_MASK);
			__asm__ volatile("" ::"r"(&lens) : "memory");
		}
	(void)type;
}
*/
import "C"

import "unsafe"

// NetRawChecksum sums n bytes at p, iters times.
func NetRawChecksum(p unsafe.Pointer, n, iters int) { C.net_raw_cksum(p, C.size_t(n), C.uint(iters)) }

// NetPacketType parses the headers of n packets, iters times.
func NetPacketType(pkts unsafe.Pointer, n, iters int) {
	C.net_ptype((**C.struct_rte_mbuf)(pkts), C.uint(n), C.uint(iters))
}
