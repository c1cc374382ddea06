/* SPDX-License-Identifier: BSD-3-Clause */
/* Named objects. DPDK's lookups return an address that another thread or process can free
 * at once. Here one function finds and describes an object, under the locks of its free. */
#ifndef GODPDK_NAMED_H
#define GODPDK_NAMED_H

#include "godpdk.h"

#include <rte_eal_memconfig.h>
#include <rte_tailq.h>

/* The lock around each free: DPDK finds the object and frees it in two steps, and two frees
 * of one name must not overlap. It is the lock of the mempools: their lookups and telemetry
 * take it, rte_mempool_free does not. DPDK takes it before the locks of the tail queues and
 * of the memzones, never after. */
static inline void godpdk_free_begin(void) { rte_mcfg_mempool_write_lock(); }
static inline void godpdk_free_end(void) { rte_mcfg_mempool_write_unlock(); }

/* The first object of a tail queue. The caller holds the lock of the tail queues. */
static inline struct rte_tailq_entry *
godpdk_tailq_first(const char *queue)
{
	struct rte_tailq_head *q = rte_eal_tailq_lookup(queue);

	return q != NULL ? q->tailq_head.tqh_first : NULL;
}

#define GODPDK_TAILQ_FOREACH(e, queue) \
	for (struct rte_tailq_entry *e = godpdk_tailq_first(queue); e != NULL; e = e->next.tqe_next)

/* Whether a tail queue has the object. The caller holds the lock. */
static inline int
godpdk_tailq_has(const char *queue, const void *object)
{
	GODPDK_TAILQ_FOREACH(e, queue)
		if (e->data == object)
			return 1;
	return 0;
}

#endif
