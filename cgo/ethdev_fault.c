//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_ethdev.h"

static const char *drivers[RTE_MAX_ETHPORTS];

void
godpdk_eth_note_driver(uint16_t port, const char *name)
{
	drivers[port] = name;
}

static const char *
driver(const struct godpdk_eth_queue *q)
{
	const char *name = q->port < RTE_MAX_ETHPORTS ? drivers[q->port] : NULL;

	return name == NULL ? "an unknown driver" : name;
}

void
godpdk_eth_blame(const void *args, char *text, size_t size)
{
	const struct godpdk_eth_exchange *e = args;
	const struct godpdk_eth_burst *b = args;

	text[0] = '\0';
	if (b->fn == (void *)godpdk_eth_rx_direct || b->fn == (void *)godpdk_eth_tx_direct)
		snprintf(text, size, " in a burst of %s, port %u", driver(b->q), b->q->port);
	else if (e->fn == (void *)godpdk_eth_swap_direct)
		snprintf(text, size, " in a burst of %s, port %u, or %s, port %u",
			driver(e->tx), e->tx->port, driver(e->rx), e->rx->port);
}
