//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_memzone.h"

/* The argument of rte_memzone_walk, which holds the lock of the memzones. */
struct search {
	const char *name;
	const struct rte_memzone *at; /* NULL matches any address */
	struct godpdk_memzone found;
};

static void
match(const struct rte_memzone *mz, void *arg)
{
	struct search *s = arg;

	if (s->found.err == 0 || (s->at != NULL && s->at != mz) || strncmp(s->name, mz->name, RTE_MEMZONE_NAMESIZE) != 0)
		return;
	s->found.zone = *mz;
	s->found.err = 0;
}

struct godpdk_memzone
godpdk_memzone_lookup(const char *name, const struct rte_memzone *at)
{
	struct search s = { .name = name, .at = at, .found.err = ENOENT };

	rte_memzone_walk(match, &s);
	return s.found;
}

static void
collect(const struct rte_memzone *mz, void *arg)
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

struct godpdk_memzone_list
godpdk_memzone_walk(void)
{
	struct godpdk_memzone_list l = { NULL, 0, 0, 0 };

	rte_memzone_walk(collect, &l);
	return l;
}
