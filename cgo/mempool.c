//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_mempool.h"

struct zone {
	const struct rte_mempool_memhdr *chunk;
	const struct rte_memzone *mz; /* that holds the chunk, or NULL */
};

static void
match_zone(const struct rte_memzone *mz, void *arg)
{
	struct zone *z = arg;

	if (mz == z->chunk->opaque && z->chunk->addr >= mz->addr &&
	    (char *)z->chunk->addr < (char *)mz->addr + mz->len)
		z->mz = mz;
}

static void
free_zone(struct rte_mempool_memhdr *chunk __rte_unused, void *mz)
{
	rte_memzone_free(mz);
}

int
godpdk_mempool_free(const char *name, struct rte_mempool *mp, int mine)
{
	struct rte_mempool_memhdr *c;
	int err, set;

	godpdk_free_begin();
	rte_mcfg_tailq_read_lock();
	err = godpdk_mempool_find(name) == mp ? 0 : ENOENT;
	rte_mcfg_tailq_read_unlock();
	/* The first pass only checks: if one chunk cannot be freed here, none is changed. */
	for (set = 0; set < 2 && err == 0; set++) {
		STAILQ_FOREACH(c, &mp->mem_list, next) {
			struct zone z = { c, NULL };

			if (c->free_cb == NULL)
				continue;
			rte_memzone_walk(match_zone, &z);
			if (z.mz == NULL && !mine)
				err = EXDEV;
			else if (z.mz != NULL && set)
				c->free_cb = free_zone;
		}
	}
	if (err == 0)
		rte_mempool_free(mp);
	godpdk_free_end();
	return err;
}

static rte_mempool_get_count counts[RTE_MEMPOOL_MAX_OPS_IDX];

/* DPDK lists a pool before its ops have any data; the ops' own functions require data. */
static unsigned int
count(const struct rte_mempool *mp)
{
	if ((mp->flags & RTE_MEMPOOL_F_POOL_CREATED) == 0)
		return 0;
	return counts[mp->ops_index](mp);
}

void
godpdk_mempool_guard_counts(void)
{
	for (uint32_t i = 0; i < rte_mempool_ops_table.num_ops; i++) {
		struct rte_mempool_ops *ops = &rte_mempool_ops_table.ops[i];

		if (ops->get_count != count) {
			counts[i] = ops->get_count;
			ops->get_count = count;
		}
	}
}
