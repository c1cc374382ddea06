/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_net_bond: the additional functions of bonding ports. They return -1 for every
 * error, also for a port that is not a bonding port. */
#ifndef GODPDK_BOND_H
#define GODPDK_BOND_H

#include "godpdk.h"

#include <rte_eth_bond.h>

/* The names of members before 23.11. */
#if RTE_VERSION < RTE_VERSION_NUM(23, 11, 0, 0)
#define rte_eth_bond_member_add rte_eth_bond_slave_add
#define rte_eth_bond_member_remove rte_eth_bond_slave_remove
#define rte_eth_bond_members_get rte_eth_bond_slaves_get
#define rte_eth_bond_active_members_get rte_eth_bond_active_slaves_get
#endif

/* rte_eth_bond_members_get or rte_eth_bond_active_members_get: the number of ports, or a
 * negative number. */
static inline int
godpdk_bond_members(uint16_t port, uint16_t ids[RTE_MAX_ETHPORTS], int active)
{
	return active ? rte_eth_bond_active_members_get(port, ids, RTE_MAX_ETHPORTS)
		      : rte_eth_bond_members_get(port, ids, RTE_MAX_ETHPORTS);
}

#endif
