//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <unistd.h>

#include <rte_alarm.h>

#include "godpdk_ethdev_hold.h"

/* DPDK has no lock between a call on a port and the port's end. The end can come on EAL's
 * interrupt thread, when another process detaches the device. DPDK calls back before it
 * frees the port's name and private data: the callback stops new calls and waits for those
 * under way. The driver may have freed the queues before: calls on the queues of a
 * configured port are not safe from a C program that detaches it. */
static struct {
	uint32_t in;    /* calls under way */
	uint32_t going; /* the port is being freed */
	uint32_t fresh; /* the probe that made the port has not returned: HERE or ELSEWHERE */
	uint64_t limit; /* when calls stop waiting for that */
} holds[RTE_MAX_ETHPORTS];

/* A driver makes its port visible before the bus has completed the device: a call meanwhile
 * reads a NULL. The probe runs HERE, between two calls of godpdk_eth_probing, or ELSEWHERE: on
 * EAL's interrupt thread, for another process. */
enum { HERE = 1, ELSEWHERE };

/* HERE: this thread is in a probe. ELSEWHERE: it has probed for another process, and cannot wait for its own alarm. */
static __thread uint32_t probing;

/* The longest time that the end of a port waits for a call, and a call for the end of a probe,
 * in nanoseconds: as long as DPDK waits for the answer of another process. */
#define LIMIT (5 * UINT64_C(1000000000))

void
godpdk_eth_probing(int on)
{
	int port;

	probing = on ? HERE : 0;
	for (port = 0; !on && port < RTE_MAX_ETHPORTS; port++)
		if (__atomic_load_n(&holds[port].fresh, __ATOMIC_RELAXED) == HERE)
			__atomic_store_n(&holds[port].fresh, 0, __ATOMIC_RELEASE);
}

/* An alarm runs on EAL's interrupt thread, after the probe there has returned. */
static void
probed(void *port)
{
	uint32_t fresh = ELSEWHERE;

	__atomic_compare_exchange_n(&holds[(uintptr_t)port].fresh, &fresh, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

int
godpdk_eth_hold(uint16_t port)
{
	for (;;) {
		__atomic_fetch_add(&holds[port].in, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&holds[port].going, __ATOMIC_SEQ_CST)) {
			godpdk_eth_release(port);
			return 0;
		}
		if (probing || !__atomic_load_n(&holds[port].fresh, __ATOMIC_ACQUIRE) || godpdk_now() >= holds[port].limit)
			return 1;
		godpdk_eth_release(port);
		usleep(100);
	}
}

void
godpdk_eth_release(uint16_t port)
{
	__atomic_fetch_sub(&holds[port].in, 1, __ATOMIC_RELEASE);
}

int
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

/* DPDK calls this for RTE_ETH_EVENT_NEW before a port can be found, and for
 * RTE_ETH_EVENT_DESTROY before it frees one. */
static int
callback(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret)
{
	uint64_t limit = godpdk_now() + LIMIT;
	uint32_t fresh = 0;

	(void)arg;
	(void)ret;
	if (type == RTE_ETH_EVENT_NEW) {
		if (probing == 0)
			probing = ELSEWHERE;
		fresh = probing;
		holds[port].limit = limit;
	}
	__atomic_store_n(&holds[port].fresh, fresh, __ATOMIC_RELEASE);
	if (fresh == ELSEWHERE && rte_eal_alarm_set(1, probed, (void *)(uintptr_t)port) != 0)
		probed((void *)(uintptr_t)port);
	__atomic_store_n(&holds[port].going, type == RTE_ETH_EVENT_DESTROY, __ATOMIC_SEQ_CST);
	if (type == RTE_ETH_EVENT_DESTROY)
		while (__atomic_load_n(&holds[port].in, __ATOMIC_SEQ_CST) != 0 && godpdk_now() < limit)
			usleep(100);
	return 0;
}

int
godpdk_eth_hold_watch(void)
{
	int ret = rte_eth_dev_callback_register(RTE_ETH_ALL, RTE_ETH_EVENT_NEW, callback, NULL);

	if (ret == 0)
		ret = rte_eth_dev_callback_register(RTE_ETH_ALL, RTE_ETH_EVENT_DESTROY, callback, NULL);
	return godpdk_neg(ret);
}

void
godpdk_eth_hold_end(void)
{
	rte_eth_dev_callback_unregister(RTE_ETH_ALL, RTE_ETH_EVENT_NEW, callback, NULL);
	rte_eth_dev_callback_unregister(RTE_ETH_ALL, RTE_ETH_EVENT_DESTROY, callback, NULL);
}
