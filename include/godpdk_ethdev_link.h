/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: the link of a port. */
#ifndef GODPDK_ETHDEV_LINK_H
#define GODPDK_ETHDEV_LINK_H

#include "godpdk_ethdev.h"

/* struct rte_eth_link without bit-fields, which cgo cannot read. */
struct godpdk_eth_link {
	uint32_t speed;
	uint8_t up, full, autoneg;
};

/* rte_eth_link_get_nowait: 0 or a positive errno. */
static inline int
godpdk_eth_link(uint16_t port, struct godpdk_eth_link *out)
{
	struct rte_eth_link l;
	int ret;

	memset(&l, 0, sizeof(l));
	ret = rte_eth_link_get_nowait(port, &l);
	*out = (struct godpdk_eth_link){ l.link_speed, l.link_status == RTE_ETH_LINK_UP,
		l.link_duplex == RTE_ETH_LINK_FULL_DUPLEX, l.link_autoneg == RTE_ETH_LINK_AUTONEG };
	return godpdk_neg(ret);
}

#endif
