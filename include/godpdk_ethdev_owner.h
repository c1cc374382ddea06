/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: owners of ports. */
#ifndef GODPDK_ETHDEV_OWNER_H
#define GODPDK_ETHDEV_OWNER_H

#include "godpdk_ethdev.h"

/* rte_eth_dev_owner_set: 0 or a positive errno. */
static inline int
godpdk_eth_owner_set(uint16_t port, uint64_t id, const char *name)
{
	struct rte_eth_dev_owner o = { .id = id };

	snprintf(o.name, sizeof(o.name), "%s", name);
	return godpdk_neg(rte_eth_dev_owner_set(port, &o));
}

#endif
