/* SPDX-License-Identifier: BSD-3-Clause */
/* Processes that share memory must have the same build and the same tail queues of libraries. */
#ifndef GODPDK_ATTACH_H
#define GODPDK_ATTACH_H

#include "godpdk.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_memory.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <rte_tailq.h>

#ifdef RTE_LIBRTE_MEMPOOL_DEBUG
#define GODPDK_MEMPOOL_DEBUG 1
#else
#define GODPDK_MEMPOOL_DEBUG 0
#endif

/* One property of a build. */
struct godpdk_build_value {
	const char *name;
	uint64_t value;
};

/* Property i of this build that determines the layout of shared memory. The name is NULL
 * past the last one. */
static inline struct godpdk_build_value
godpdk_build_value(unsigned int i)
{
	static const struct godpdk_build_value values[] = {
		{ "RTE_CACHE_LINE_SIZE", RTE_CACHE_LINE_SIZE },
		{ "RTE_LIBRTE_MEMPOOL_DEBUG", GODPDK_MEMPOOL_DEBUG },
		{ "RTE_MAX_ETHPORTS", RTE_MAX_ETHPORTS },
		{ "RTE_MAX_LCORE", RTE_MAX_LCORE },
		{ "RTE_MAX_NUMA_NODES", RTE_MAX_NUMA_NODES },
		{ "RTE_MAX_QUEUES_PER_PORT", RTE_MAX_QUEUES_PER_PORT },
		{ "RTE_MEMPOOL_CACHE_MAX_SIZE", RTE_MEMPOOL_CACHE_MAX_SIZE },
		{ "RTE_PKTMBUF_HEADROOM", RTE_PKTMBUF_HEADROOM },
		{ "sizeof(struct rte_mbuf)", sizeof(struct rte_mbuf) },
		{ "sizeof(struct rte_mempool)", sizeof(struct rte_mempool) },
		{ "sizeof(struct rte_mempool_cache)", sizeof(struct rte_mempool_cache) },
		{ "sizeof(struct rte_ring)", sizeof(struct rte_ring) },
	};

	return i < RTE_DIM(values) ? values[i] : (struct godpdk_build_value){ NULL, 0 };
}

/* rte_dump_tailq. */
static inline struct godpdk_text
godpdk_tailqs(void)
{
	GODPDK_DUMP(f, rte_dump_tailq(f));
}

#endif
