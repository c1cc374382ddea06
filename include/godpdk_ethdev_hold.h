/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: ports stay while somebody looks at them. One Go file includes this: it
 * has state. */
#ifndef GODPDK_ETHDEV_HOLD_H
#define GODPDK_ETHDEV_HOLD_H

#include "godpdk_ethdev.h"

#include <unistd.h>

/* DPDK has no lock between a call about a port and the port's end, which can come on
 * EAL's interrupt thread too, when another process detaches the device. It calls back
 * before it frees the port's name and private data: then nobody may come in, and those
 * inside must come out. The driver may have freed the queues by then: calls about the
 * queues of a configured port are not safe from a C program that detaches it. */
struct godpdk_eth_hold {
	uint32_t in;    /* calls under way */
	uint32_t going; /* the port is being freed */
};

static struct godpdk_eth_hold godpdk_eth_holds[RTE_MAX_ETHPORTS];

/* How long the end of a port waits for a call: as long as DPDK waits for the answer of
 * another process, in steps of 100 us. */
#define GODPDK_ETH_HOLD_STEPS 50000

/* Keeps the port until godpdk_eth_release, or returns 0 if it is being freed. */
static inline int
godpdk_eth_hold(uint16_t port)
{
	struct godpdk_eth_hold *h = &godpdk_eth_holds[port];

	__atomic_fetch_add(&h->in, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&h->going, __ATOMIC_SEQ_CST))
		return 1;
	__atomic_fetch_sub(&h->in, 1, __ATOMIC_RELEASE);
	return 0;
}

static inline void
godpdk_eth_release(uint16_t port)
{
	__atomic_fetch_sub(&godpdk_eth_holds[port].in, 1, __ATOMIC_RELEASE);
}

/* rte_eth_dev_get_port_by_name, which reads names of ports that are being freed: a port,
 * or a negative errno. */
static inline int
godpdk_eth_by_name(const char *name)
{
	char is[RTE_ETH_NAME_MAX_LEN];
	uint16_t id;
	int ret;

	for (id = rte_eth_find_next(0); id < RTE_MAX_ETHPORTS; id = rte_eth_find_next(id + 1)) {
		if (!godpdk_eth_hold(id))
			continue;
		ret = godpdk_eth_name(id, is);
		godpdk_eth_release(id);
		if (ret == 0 && strcmp(is, name) == 0)
			return id;
	}
	return -ENODEV;
}

/* DPDK calls it for RTE_ETH_EVENT_NEW before a port can be found, and for
 * RTE_ETH_EVENT_DESTROY before it frees one. */
static int
godpdk_eth_hold_callback(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret)
{
	struct godpdk_eth_hold *h = &godpdk_eth_holds[port];
	int i;

	(void)arg;
	(void)ret;
	__atomic_store_n(&h->going, type == RTE_ETH_EVENT_DESTROY, __ATOMIC_SEQ_CST);
	if (type == RTE_ETH_EVENT_DESTROY)
		for (i = 0; i < GODPDK_ETH_HOLD_STEPS && __atomic_load_n(&h->in, __ATOMIC_SEQ_CST) != 0; i++)
			usleep(100);
	return 0;
}

/* Watches all ports, also those that come (rte_eth_dev_callback_register): 0 or a
 * positive errno. A second time it changes nothing. */
static inline int
godpdk_eth_hold_watch(void)
{
	int ret = rte_eth_dev_callback_register(RTE_ETH_ALL, RTE_ETH_EVENT_NEW, godpdk_eth_hold_callback, NULL);

	if (ret == 0)
		ret = rte_eth_dev_callback_register(RTE_ETH_ALL, RTE_ETH_EVENT_DESTROY, godpdk_eth_hold_callback, NULL);
	return godpdk_neg(ret);
}

/* Ends godpdk_eth_hold_watch and frees what it has in shared memory. */
static inline void
godpdk_eth_hold_end(void)
{
	rte_eth_dev_callback_unregister(RTE_ETH_ALL, RTE_ETH_EVENT_NEW, godpdk_eth_hold_callback, NULL);
	rte_eth_dev_callback_unregister(RTE_ETH_ALL, RTE_ETH_EVENT_DESTROY, godpdk_eth_hold_callback, NULL);
}

#endif
