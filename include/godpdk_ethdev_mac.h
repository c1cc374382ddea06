/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: MAC addresses. */
#ifndef GODPDK_ETHDEV_MAC_H
#define GODPDK_ETHDEV_MAC_H

#include "godpdk_ethdev.h"

/* rte_eth_macaddrs_get, which is experimental up to now: how many were stored, or a
 * negative errno. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static inline int
godpdk_eth_macs(uint16_t port, struct rte_ether_addr *addrs, uint32_t n)
{
	return rte_eth_macaddrs_get(port, addrs, n);
}
#pragma GCC diagnostic pop

#endif
