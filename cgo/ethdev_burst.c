//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_ethdev.h"

/* Whether bursts of the queue call callbacks. A closed gate may belong to a queue that does not
 * exist. */
static int
has_callbacks(const struct godpdk_eth_queue *q, int tx)
{
	const struct rte_eth_fp_ops *p = &rte_eth_fp_ops[q->port];

	return __atomic_load_n(&q->open, __ATOMIC_RELAXED) && (tx ? p->txq : p->rxq).clbk[q->queue] != NULL;
}

int32_t
godpdk_eth_rx_direct(void *arg)
{
	struct godpdk_eth_burst *b = arg;

	if (unlikely(has_callbacks(b->q, 0)))
		return GODPDK_ETH_BY_CGO;
	return godpdk_eth_rx(b->q, b->pkts, b->n);
}

int32_t
godpdk_eth_tx_direct(void *arg)
{
	struct godpdk_eth_burst *b = arg;

	if (unlikely(has_callbacks(b->q, 1)))
		return GODPDK_ETH_BY_CGO;
	return godpdk_eth_tx(b->q, b->pkts, b->n);
}

int32_t
godpdk_eth_swap_direct(void *arg)
{
	struct godpdk_eth_exchange *e = arg;
	uint32_t received;
	int32_t sent;

	if (unlikely(has_callbacks(e->tx, 1) || has_callbacks(e->rx, 0)))
		return GODPDK_ETH_BY_CGO;
	sent = godpdk_eth_swap(e->tx, e->out, e->nout, e->rx, e->in, e->nin, e->drop, &received);
	e->received = received;
	return sent;
}
