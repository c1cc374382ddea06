/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: events of ports. One Go file includes this: it has state. */
#ifndef GODPDK_ETHDEV_EVENT_H
#define GODPDK_ETHDEV_EVENT_H

#include "godpdk_ethdev.h"
#include "godpdk_inbox.h"

/* C calls the callback below on whatever thread an event happens: EAL's interrupt
 * thread, or the one that attaches a device, maybe with locks of DPDK and of Go held.
 * So it calls no Go and takes no lock. */
struct godpdk_eth_event {
	struct godpdk_inbox_node node;
	uint32_t type;
	uint16_t port;
};

static struct godpdk_inbox godpdk_eth_events = GODPDK_INBOX;

int
godpdk_eth_event_callback(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret)
{
	struct godpdk_eth_event *e = malloc(sizeof(*e));

	(void)arg;
	(void)ret;
	if (e == NULL)
		return 0; /* the process has no memory left at all */
	e->type = type;
	e->port = port;
	godpdk_inbox_put(&godpdk_eth_events, &e->node);
	return 0;
}

/* godpdk_inbox_open of the events. */
static inline int
godpdk_eth_event_open(void)
{
	return godpdk_inbox_open(&godpdk_eth_events);
}

/* rte_eth_dev_callback_register for all ports, also those that come: 0 or a positive
 * errno. A second time it changes nothing. */
static inline int
godpdk_eth_event_register(uint32_t type)
{
	return godpdk_neg(rte_eth_dev_callback_register(RTE_ETH_ALL, (enum rte_eth_event_type)type,
		godpdk_eth_event_callback, NULL));
}

/* rte_eth_dev_callback_unregister. A callback that runs just now stays. */
static inline void
godpdk_eth_event_unregister(uint32_t type)
{
	rte_eth_dev_callback_unregister(RTE_ETH_ALL, (enum rte_eth_event_type)type,
		godpdk_eth_event_callback, NULL);
}

/* Takes all events, the first first. */
static inline struct godpdk_eth_event *
godpdk_eth_event_take(void)
{
	return (struct godpdk_eth_event *)godpdk_inbox_take(&godpdk_eth_events);
}

/* Frees the first of the list; returns the rest. */
static inline struct godpdk_eth_event *
godpdk_eth_event_drop(struct godpdk_eth_event *e)
{
	struct godpdk_eth_event *next = (struct godpdk_eth_event *)e->node.next;

	free(e);
	return next;
}

#endif
