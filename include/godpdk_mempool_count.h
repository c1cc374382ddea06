/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_mempool: how many objects a pool has. One Go file includes this: it has state. */
#ifndef GODPDK_MEMPOOL_COUNT_H
#define GODPDK_MEMPOOL_COUNT_H

#include <rte_mempool.h>

static rte_mempool_get_count godpdk_mempool_counts[RTE_MEMPOOL_MAX_OPS_IDX];

/* A pool is in DPDK's list before its ops have any data, which the ops' own
 * functions take for granted. */
static unsigned int
godpdk_mempool_count(const struct rte_mempool *mp)
{
	if ((mp->flags & RTE_MEMPOOL_F_POOL_CREATED) == 0)
		return 0;
	return godpdk_mempool_counts[mp->ops_index](mp);
}

/* Makes the counts of this process's ops safe for pools that are being made, of which
 * DPDK's telemetry asks, too. All ops must be registered. */
static inline void
godpdk_mempool_guard_counts(void)
{
	for (uint32_t i = 0; i < rte_mempool_ops_table.num_ops; i++) {
		struct rte_mempool_ops *ops = &rte_mempool_ops_table.ops[i];

		if (ops->get_count != godpdk_mempool_count) {
			godpdk_mempool_counts[i] = ops->get_count;
			ops->get_count = godpdk_mempool_count;
		}
	}
}

#endif
