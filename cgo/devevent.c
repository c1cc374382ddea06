//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_devevent.h"

static struct godpdk_inbox events = GODPDK_INBOX;

/* EAL's interrupt thread calls this. It may hold locks of DPDK, so this calls no Go and takes no
 * lock. The name is valid only during the call. */
void
godpdk_dev_event_callback(const char *device, enum rte_dev_event_type type, void *arg)
{
	size_t len = strlen(device) + 1;
	struct godpdk_dev_event *e = malloc(sizeof(*e) + len);

	(void)arg;
	if (e == NULL)
		return; /* the process is out of memory */
	e->type = type;
	memcpy(e->device, device, len);
	godpdk_inbox_put(&events, &e->node);
}

int
godpdk_dev_event_open(void)
{
	return godpdk_inbox_open(&events);
}

int
godpdk_dev_event_start(void)
{
	int ret = rte_dev_event_callback_register(NULL, godpdk_dev_event_callback, NULL);

	if (ret < 0)
		return -ret;
	ret = rte_dev_event_monitor_start();
	if (ret < 0)
		rte_dev_event_callback_unregister(NULL, godpdk_dev_event_callback, NULL);
	return godpdk_neg(ret);
}

void
godpdk_dev_event_stop(void)
{
	rte_dev_event_monitor_stop();
	rte_dev_event_callback_unregister(NULL, godpdk_dev_event_callback, NULL);
}

struct godpdk_dev_event *
godpdk_dev_event_take(void)
{
	return (struct godpdk_dev_event *)godpdk_inbox_take(&events);
}

struct godpdk_dev_event *
godpdk_dev_event_drop(struct godpdk_dev_event *e)
{
	struct godpdk_dev_event *next = (struct godpdk_dev_event *)e->node.next;

	free(e);
	return next;
}
