/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: memzones. */
#ifndef GODPDK_MEMZONE_H
#define GODPDK_MEMZONE_H

#include "godpdk.h"

#include <rte_memzone.h>

/* rte_memzone_reserve_bounded; align 0 is a cache line, bound 0 is none. */
static inline struct godpdk_ptr
godpdk_memzone_reserve(const char *name, size_t len, int socket,
		       unsigned int flags, unsigned int align, unsigned int bound)
{
	rte_errno = 0;
	return godpdk_result((void *)(uintptr_t)rte_memzone_reserve_bounded(name,
		len, socket, flags, align ? align : RTE_CACHE_LINE_SIZE, bound));
}

/* rte_memzone_lookup, which does not set rte_errno. */
static inline struct godpdk_ptr
godpdk_memzone_lookup(const char *name)
{
	rte_errno = ENOENT;
	return godpdk_result((void *)(uintptr_t)rte_memzone_lookup(name));
}

/* addr is in a union, which cgo does not see. */
static inline void *
godpdk_memzone_addr(const struct rte_memzone *mz)
{
	return mz->addr;
}

/* rte_memzone_free of the zone that name and addr describe: a descriptor's
 * slot is reused, so a stale pointer may mean somebody else's zone by now. */
static inline int
godpdk_memzone_free(const char *name, const void *addr)
{
	const struct rte_memzone *mz = rte_memzone_lookup(name);

	if (mz == NULL || mz->addr != addr)
		return ENOENT;
	return godpdk_neg(rte_memzone_free(mz));
}

/* Collects the descriptors of all zones; memzone_walk holds the lock. */
struct godpdk_memzone_list {
	struct rte_memzone *zones;
	size_t len, cap;
	int err;
};

static void
godpdk_memzone_collect(const struct rte_memzone *mz, void *arg)
{
	struct godpdk_memzone_list *l = arg;

	if (l->len == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct rte_memzone *z = realloc(l->zones, cap * sizeof(*z));

		if (z == NULL) {
			l->err = ENOMEM;
			return;
		}
		l->zones = z;
		l->cap = cap;
	}
	l->zones[l->len++] = *mz;
}

/* rte_memzone_walk; the caller frees zones with free(). */
static inline struct godpdk_memzone_list
godpdk_memzone_walk(void)
{
	struct godpdk_memzone_list l = { NULL, 0, 0, 0 };

	rte_memzone_walk(godpdk_memzone_collect, &l);
	return l;
}

#endif
