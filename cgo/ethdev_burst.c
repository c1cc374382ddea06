//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_ethdev.h"

int32_t
godpdk_eth_rx_direct(void *arg)
{
	struct godpdk_eth_burst *b = arg;

	return godpdk_eth_rx(b->q, b->pkts, b->n);
}

int32_t
godpdk_eth_tx_direct(void *arg)
{
	struct godpdk_eth_burst *b = arg;

	return godpdk_eth_tx(b->q, b->pkts, b->n);
}

int32_t
godpdk_eth_swap_direct(void *arg)
{
	struct godpdk_eth_exchange *e = arg;
	uint32_t received;
	int32_t sent = godpdk_eth_swap(e->tx, e->out, e->nout, e->rx, e->in, e->nin, e->drop, &received);

	e->received = received;
	return sent;
}
