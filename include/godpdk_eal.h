/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: start and stop, process role, memory facts. */
#ifndef GODPDK_EAL_H
#define GODPDK_EAL_H

#include "godpdk.h"

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_memory.h>

struct godpdk_init {
	int parsed;
	int err;
};

/* rte_eal_init; parsed is its return value, err is 0 only if DPDK left
 * rte_errno 0, which some failures do. */
static inline struct godpdk_init
godpdk_eal_init(int argc, char **argv)
{
	struct godpdk_init r;

	rte_errno = 0;
	r.parsed = rte_eal_init(argc, argv);
	r.err = r.parsed < 0 ? rte_errno : 0;
	return r;
}

/* rte_eal_cleanup; returns 0 or a positive errno. */
static inline int
godpdk_eal_cleanup(void)
{
	rte_errno = 0;
	return godpdk_neg(rte_eal_cleanup());
}

/* rte_malloc_get_socket_stats; it knows only sockets that have a heap. */
static inline int
godpdk_malloc_stats(int socket, struct rte_malloc_socket_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	return rte_malloc_get_socket_stats(socket, stats) < 0 ? EINVAL : 0;
}

#endif
