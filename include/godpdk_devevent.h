/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: events of devices. */
#ifndef GODPDK_DEVEVENT_H
#define GODPDK_DEVEVENT_H

/* For the events of devices, which are experimental. */
#ifndef ALLOW_EXPERIMENTAL_API
#define ALLOW_EXPERIMENTAL_API
#endif

#include "godpdk.h"
#include "godpdk_inbox.h"

#include <rte_dev.h>

struct godpdk_dev_event {
	struct godpdk_inbox_node node;
	uint32_t type;
	char device[];
};

/* godpdk_inbox_open of the events. */
int godpdk_dev_event_open(void);

/* The callback of all events. Package test/twin calls it too. */
void godpdk_dev_event_callback(const char *device, enum rte_dev_event_type type, void *arg);

/* rte_dev_event_callback_register for all devices and rte_dev_event_monitor_start: 0 or a positive
 * errno. */
int godpdk_dev_event_start(void);

/* Undoes godpdk_dev_event_start. */
void godpdk_dev_event_stop(void);

/* The name of the device. cgo cannot index an array without a length. */
static inline const char *
godpdk_dev_event_device(const struct godpdk_dev_event *e)
{
	return e->device;
}

/* Takes all events in FIFO order. */
struct godpdk_dev_event *godpdk_dev_event_take(void);

/* Frees the first event of the list and returns the rest. */
struct godpdk_dev_event *godpdk_dev_event_drop(struct godpdk_dev_event *e);

#endif
