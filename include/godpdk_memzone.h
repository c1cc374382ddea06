/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: memzones. */
#ifndef GODPDK_MEMZONE_H
#define GODPDK_MEMZONE_H

#include "godpdk.h"
#include "godpdk_named.h"

#include <rte_memzone.h>

/* A copy of a descriptor, or a positive errno. */
struct godpdk_memzone {
	struct rte_memzone zone;
	int err;
};

/* rte_memzone_lookup of the zone with the descriptor at, or NULL for any: a descriptor's slot
 * is cleared and reused, so this copies it under the lock. */
struct godpdk_memzone godpdk_memzone_lookup(const char *name, const struct rte_memzone *at);

/* rte_memzone_reserve_bounded. align 0 means a cache line, bound 0 no bound. */
static inline struct godpdk_memzone
godpdk_memzone_reserve(const char *name, size_t len, int socket,
		       unsigned int flags, unsigned int align, unsigned int bound)
{
	const struct rte_memzone *mz;

	rte_errno = 0;
	mz = rte_memzone_reserve_bounded(name, len, socket, flags,
		align ? align : RTE_CACHE_LINE_SIZE, bound);
	if (mz == NULL)
		return (struct godpdk_memzone){ .err = godpdk_errno() };
	return godpdk_memzone_lookup(name, mz);
}

/* addr is in a union, which cgo cannot read. */
static inline void *
godpdk_memzone_addr(const struct rte_memzone *mz)
{
	return mz->addr;
}

/* rte_memzone_free of the zone with this name and address: a descriptor's slot is reused, so
 * a stale pointer can refer to another zone. */
static inline int
godpdk_memzone_free(const char *name, const void *addr)
{
	const struct rte_memzone *mz;
	int ret = -ENOENT;

	godpdk_free_begin();
	mz = rte_memzone_lookup(name);
	if (mz != NULL && mz->addr == addr)
		ret = rte_memzone_free(mz);
	godpdk_free_end();
	return godpdk_neg(ret);
}

struct godpdk_memzone_list {
	struct rte_memzone *zones;
	size_t len, cap;
	int err;
};

/* rte_memzone_walk: copies all descriptors. The caller frees zones with free(). */
struct godpdk_memzone_list godpdk_memzone_walk(void);

#endif
