/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: events of ports. */
#ifndef GODPDK_ETHDEV_EVENT_H
#define GODPDK_ETHDEV_EVENT_H

#include "godpdk_ethdev.h"
#include "godpdk_inbox.h"

struct godpdk_eth_event {
	struct godpdk_inbox_node node;
	uint32_t type;
	uint16_t port;
};

/* godpdk_inbox_open of the events. */
int godpdk_eth_event_open(void);

/* The callback of all events. Package test/twin calls it too. */
int godpdk_eth_event_callback(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret);

/* rte_eth_dev_callback_register for all present and future ports: 0 or a positive errno.
 * A second call for one type is a no-op. */
int godpdk_eth_event_register(uint32_t type);

/* rte_eth_dev_callback_unregister. It does nothing while the callback is running. */
void godpdk_eth_event_unregister(uint32_t type);

/* Takes all events in FIFO order. */
struct godpdk_eth_event *godpdk_eth_event_take(void);

/* Frees the first event of the list and returns the rest. */
struct godpdk_eth_event *godpdk_eth_event_drop(struct godpdk_eth_event *e);

#endif
