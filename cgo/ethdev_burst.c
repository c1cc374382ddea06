//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_ethdev.h"
#include "godpdk_fastcall.h"

/* The bursts below are those of DPDK's inline functions, without a loop over callbacks. */

static __rte_always_inline int32_t
rx(struct godpdk_eth_queue *q, uintptr_t *pkts, uint16_t n)
{
	int32_t got = 0;

	if (likely(godpdk_eth_enter(q))) {
		const struct rte_eth_fp_ops *p = &rte_eth_fp_ops[q->port];

		if (likely(p->rxq.clbk[q->queue] == NULL))
			got = p->rx_pkt_burst(p->rxq.data[q->queue], (struct rte_mbuf **)pkts, n);
		else
			got = GODPDK_ETH_BY_CGO;
	}
	godpdk_eth_leave(q);
	return got;
}

static __rte_always_inline int32_t
tx(struct godpdk_eth_queue *q, uintptr_t *pkts, uint16_t n)
{
	int32_t sent = 0;

	n = godpdk_eth_until_nil(q, pkts, n);
	if (likely(godpdk_eth_enter(q))) {
		const struct rte_eth_fp_ops *p = &rte_eth_fp_ops[q->port];

		if (likely(p->txq.clbk[q->queue] == NULL))
			sent = p->tx_pkt_burst(p->txq.data[q->queue], (struct rte_mbuf **)pkts, n);
		else
			sent = GODPDK_ETH_BY_CGO;
	}
	godpdk_eth_leave(q);
	return sent;
}

int64_t
godpdk_eth_rx_direct(const struct godpdk_eth_burst *b)
{
	int32_t got;

	godpdk_fast_args = (void *const volatile *)b;
	got = rx(b->q, b->pkts, b->n);
	godpdk_fast_args = NULL;
	return got;
}

int64_t
godpdk_eth_tx_direct(const struct godpdk_eth_burst *b)
{
	int32_t sent;

	godpdk_fast_args = (void *const volatile *)b;
	sent = tx(b->q, b->pkts, b->n);
	godpdk_fast_args = NULL;
	return sent;
}

int64_t
godpdk_eth_swap_direct(const struct godpdk_eth_exchange *e)
{
	int32_t sent = 0;
	int64_t got = 0;

	godpdk_fast_args = (void *const volatile *)e;
	if (e->nout > 0)
		sent = tx(e->tx, e->out, e->nout);
	if (likely(sent != GODPDK_ETH_BY_CGO)) {
		if (e->drop && unlikely((uint32_t)sent < e->nout))
			rte_pktmbuf_free_bulk((struct rte_mbuf **)e->out + sent, e->nout - sent);
		got = rx(e->rx, e->in, e->nin);
	}
	godpdk_fast_args = NULL;
	return got << 32 | (uint32_t)sent;
}
