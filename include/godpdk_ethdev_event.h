/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: events of ports. One Go file includes this: it has state. */
#ifndef GODPDK_ETHDEV_EVENT_H
#define GODPDK_ETHDEV_EVENT_H

#include <sys/eventfd.h>
#include <unistd.h>

#include "godpdk_ethdev.h"

/* C calls the callback below on whatever thread an event happens: EAL's interrupt
 * thread, or the one that attaches a device, maybe with locks of DPDK and of Go held.
 * So it calls no Go and takes no lock: the event joins a list that a goroutine
 * empties when an eventfd wakes it. The list grows as it must: nothing is lost. */
struct godpdk_eth_event {
	struct godpdk_eth_event *next;
	uint32_t type;
	uint16_t port;
};

static struct godpdk_eth_event *godpdk_eth_events; /* the last first */
static int godpdk_eth_event_fd = -1;

static int
godpdk_eth_event_callback(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret)
{
	struct godpdk_eth_event *e = malloc(sizeof(*e)), *first;
	const uint64_t one = 1;

	(void)arg;
	(void)ret;
	if (e == NULL)
		return 0; /* the process has no memory left at all */
	e->type = type;
	e->port = port;
	first = __atomic_load_n(&godpdk_eth_events, __ATOMIC_RELAXED);
	do
		e->next = first;
	while (!__atomic_compare_exchange_n(&godpdk_eth_events, &first, e, 1,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	/* A list that was not empty has its wake-up under way. */
	if (first == NULL && write(godpdk_eth_event_fd, &one, sizeof(one)) < 0)
		return 0; /* the counter is full: it wakes all the same */
	return 0;
}

/* The eventfd, made at the first call, or a negative errno. Go serialises. */
static inline int
godpdk_eth_event_open(void)
{
	if (godpdk_eth_event_fd < 0)
		godpdk_eth_event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return godpdk_eth_event_fd < 0 ? -errno : godpdk_eth_event_fd;
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
	struct godpdk_eth_event *e = __atomic_exchange_n(&godpdk_eth_events, NULL, __ATOMIC_ACQUIRE);
	struct godpdk_eth_event *list = NULL;

	while (e != NULL) {
		struct godpdk_eth_event *next = e->next;

		e->next = list;
		list = e;
		e = next;
	}
	return list;
}

/* Frees the first of the list; returns the rest. */
static inline struct godpdk_eth_event *
godpdk_eth_event_drop(struct godpdk_eth_event *e)
{
	struct godpdk_eth_event *next = e->next;

	free(e);
	return next;
}

#endif
