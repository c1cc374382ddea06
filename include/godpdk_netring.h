/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_net_ring: ports over rings. */
#ifndef GODPDK_NETRING_H
#define GODPDK_NETRING_H

#include "godpdk.h"

#include <rte_eth_ring.h>
#include <rte_ring.h>

enum {
	GODPDK_NETRING_MAX_RX = RTE_PMD_RING_MAX_RX_RINGS,
	GODPDK_NETRING_MAX_TX = RTE_PMD_RING_MAX_TX_RINGS,
	/* The limit for the device's name, "net_ring_" + the name of the port. */
	GODPDK_NETRING_NAMESIZE = RTE_RING_NAMESIZE,
};

/* rte_eth_from_rings with tables of pointers to rings: 0 or a positive errno. */
static inline int
godpdk_netring_create(const char *name, const uintptr_t *rx, unsigned int nb_rx,
		      const uintptr_t *tx, unsigned int nb_tx, int socket)
{
	rte_errno = 0;
	return rte_eth_from_rings(name, (struct rte_ring * const *)rx, nb_rx,
				  (struct rte_ring * const *)tx, nb_tx, socket) < 0 ? godpdk_errno() : 0;
}

#endif
