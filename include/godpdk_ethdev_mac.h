/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: MAC addresses. */
#ifndef GODPDK_ETHDEV_MAC_H
#define GODPDK_ETHDEV_MAC_H

#include "godpdk_ethdev.h"

/* rte_eth_macaddrs_get: the number of stored addresses or a negative errno. It is
 * experimental in all releases up to 25.11. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static inline int
godpdk_eth_macs(uint16_t port, struct rte_ether_addr *addrs, uint32_t n)
{
	return rte_eth_macaddrs_get(port, addrs, n);
}
#pragma GCC diagnostic pop

#endif
