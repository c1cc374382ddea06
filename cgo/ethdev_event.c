//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_ethdev_event.h"

static struct godpdk_inbox events = GODPDK_INBOX;

/* DPDK calls this on the thread of the event: EAL's interrupt thread, or the thread that
 * attaches a device. That thread may hold locks of DPDK and of Go, so this calls no Go and
 * takes no lock. */
int
godpdk_eth_event_callback(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret)
{
	struct godpdk_eth_event *e = malloc(sizeof(*e));

	(void)arg;
	(void)ret;
	if (e == NULL)
		return 0; /* the process is out of memory */
	e->type = type;
	e->port = port;
	godpdk_inbox_put(&events, &e->node);
	return 0;
}

int
godpdk_eth_event_open(void)
{
	return godpdk_inbox_open(&events);
}

int
godpdk_eth_event_register(uint32_t type)
{
	return godpdk_neg(rte_eth_dev_callback_register(RTE_ETH_ALL, (enum rte_eth_event_type)type,
		godpdk_eth_event_callback, NULL));
}

void
godpdk_eth_event_unregister(uint32_t type)
{
	rte_eth_dev_callback_unregister(RTE_ETH_ALL, (enum rte_eth_event_type)type,
		godpdk_eth_event_callback, NULL);
}

struct godpdk_eth_event *
godpdk_eth_event_take(void)
{
	return (struct godpdk_eth_event *)godpdk_inbox_take(&events);
}

struct godpdk_eth_event *
godpdk_eth_event_drop(struct godpdk_eth_event *e)
{
	struct godpdk_eth_event *next = (struct godpdk_eth_event *)e->node.next;

	free(e);
	return next;
}
