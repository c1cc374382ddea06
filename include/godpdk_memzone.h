/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: memzones. */
#ifndef GODPDK_MEMZONE_H
#define GODPDK_MEMZONE_H

#include "godpdk.h"
#include "godpdk_named.h"

#include <rte_memzone.h>

/* A copy of a descriptor, or the errno that explains its absence. */
struct godpdk_memzone {
	struct rte_memzone zone;
	int err;
};

/* What rte_memzone_walk, which holds the lock, looks for. */
struct godpdk_memzone_search {
	const char *name;
	const struct rte_memzone *at; /* NULL is anywhere */
	struct godpdk_memzone found;
};

static void
godpdk_memzone_match(const struct rte_memzone *mz, void *arg)
{
	struct godpdk_memzone_search *s = arg;

	if (s->found.err == 0 || (s->at != NULL && s->at != mz) || strncmp(s->name, mz->name, RTE_MEMZONE_NAMESIZE) != 0)
		return;
	s->found.zone = *mz;
	s->found.err = 0;
}

/* rte_memzone_lookup with the copy: a descriptor's slot is cleared and reused. */
static inline struct godpdk_memzone
godpdk_memzone_lookup(const char *name, const struct rte_memzone *at)
{
	struct godpdk_memzone_search s = { .name = name, .at = at, .found.err = ENOENT };

	rte_memzone_walk(godpdk_memzone_match, &s);
	return s.found;
}

/* rte_memzone_reserve_bounded; align 0 is a cache line, bound 0 is none. */
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
	const struct rte_memzone *mz;
	int ret = -ENOENT;

	godpdk_free_begin();
	mz = rte_memzone_lookup(name);
	if (mz != NULL && mz->addr == addr)
		ret = rte_memzone_free(mz);
	godpdk_free_end();
	return godpdk_neg(ret);
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
