/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ring: control calls, and the layout for the Go-native data path. */
#ifndef GODPDK_RING_H
#define GODPDK_RING_H

#include "godpdk.h"
#include "godpdk_named.h"

#include <rte_ring.h>
#include <rte_ring_elem.h>

enum {
	GODPDK_RING_PROD = offsetof(struct rte_ring, prod),
	GODPDK_RING_CONS = offsetof(struct rte_ring, cons),
	GODPDK_RING_SIZEOF = sizeof(struct rte_ring),
	GODPDK_RING_HEAD = offsetof(struct rte_ring_headtail, head),
	GODPDK_RING_TAIL = offsetof(struct rte_ring_headtail, tail),
	GODPDK_RING_SYNC = offsetof(struct rte_ring_headtail, sync_type),
	GODPDK_RING_RTS_TAIL = offsetof(struct rte_ring_rts_headtail, tail),
	GODPDK_RING_RTS_MAX = offsetof(struct rte_ring_rts_headtail, htd_max),
	GODPDK_RING_RTS_HEAD = offsetof(struct rte_ring_rts_headtail, head),
	GODPDK_RING_HTS_POS = offsetof(struct rte_ring_hts_headtail, ht),
	GODPDK_RING_NAMESIZE = RTE_RING_NAMESIZE,
};

/* The mode of a side and the tail of the other side are at the same offset in all modes, so
 * one function works with all modes of the other side. */
_Static_assert(sizeof(enum rte_ring_sync_type) == 4, "sync_type is a word");
_Static_assert(offsetof(struct rte_ring_rts_headtail, sync_type) ==
	       offsetof(struct rte_ring_headtail, sync_type), "RTS sync_type");
_Static_assert(offsetof(struct rte_ring_hts_headtail, sync_type) ==
	       offsetof(struct rte_ring_headtail, sync_type), "HTS sync_type");
_Static_assert(offsetof(union __rte_ring_rts_poscnt, val.pos) ==
	       offsetof(struct rte_ring_headtail, tail), "RTS tail position");
_Static_assert(offsetof(union __rte_ring_hts_pos, pos.tail) ==
	       offsetof(struct rte_ring_headtail, tail), "HTS tail position");
_Static_assert(offsetof(union __rte_ring_hts_pos, pos.head) ==
	       offsetof(struct rte_ring_headtail, head), "HTS head position");
_Static_assert(offsetof(union __rte_ring_rts_poscnt, val.cnt) == 0, "RTS count");

/* A description of a ring. */
struct godpdk_ring_info {
	void *ring;
	char name[RTE_RING_NAMESIZE];
	uint32_t flags, size, mask, capacity;
	uint32_t prod_sync, cons_sync;
	uint32_t count;
	size_t memory; /* the length of its memzone, 0 if it has none */
};

static inline void
godpdk_ring_info(struct rte_ring *r, struct godpdk_ring_info *i)
{
	i->ring = r;
	snprintf(i->name, sizeof(i->name), "%s", r->name);
	i->flags = r->flags;
	i->size = r->size;
	i->mask = r->mask;
	i->capacity = r->capacity;
	i->prod_sync = r->prod.sync_type;
	i->cons_sync = r->cons.sync_type;
	i->count = rte_ring_count(r);
	i->memory = r->memzone != NULL ? r->memzone->len : 0;
}

/* The ring of that name and address, or NULL. r NULL means any address. The caller holds the
 * lock of the tail queues. */
static inline struct rte_ring *
godpdk_ring_find(const char *name, const struct rte_ring *r)
{
	GODPDK_TAILQ_FOREACH(e, RTE_TAILQ_RING_NAME) {
		struct rte_ring *other = e->data;

		if ((r == NULL || other == r) && strncmp(name, other->name, RTE_RING_NAMESIZE) == 0)
			return other;
	}
	return NULL;
}

/* rte_ring_lookup with a description: 0 or a positive errno. */
static inline int
godpdk_ring_lookup(const char *name, const struct rte_ring *at, struct godpdk_ring_info *i)
{
	struct rte_ring *r;

	rte_mcfg_tailq_read_lock();
	r = godpdk_ring_find(name, at);
	if (r != NULL)
		godpdk_ring_info(r, i);
	rte_mcfg_tailq_read_unlock();
	return r != NULL ? 0 : ENOENT;
}

/* rte_ring_create_elem: 0 or a positive errno. */
static inline int
godpdk_ring_create(const char *name, unsigned int esize, unsigned int count,
		   int socket, unsigned int flags, struct godpdk_ring_info *i)
{
	const struct rte_ring *r;

	rte_errno = 0;
	r = rte_ring_create_elem(name, esize, count, socket, flags);
	return r != NULL ? godpdk_ring_lookup(name, r, i) : godpdk_errno();
}

/* rte_ring_free of the ring that the name still means: another process may have freed it.
 * Returns 0 or a positive errno. */
static inline int
godpdk_ring_free(const char *name, const struct rte_ring *at)
{
	struct rte_ring *r;

	godpdk_free_begin();
	rte_mcfg_tailq_read_lock();
	r = godpdk_ring_find(name, at);
	rte_mcfg_tailq_read_unlock();
	if (r != NULL)
		rte_ring_free(r);
	godpdk_free_end();
	return r != NULL ? 0 : ENOENT;
}

/* Describes at most max rings and returns the number of rings. */
static inline size_t
godpdk_ring_list(struct godpdk_ring_info *out, size_t max)
{
	size_t n = 0;

	rte_mcfg_tailq_read_lock();
	GODPDK_TAILQ_FOREACH(e, RTE_TAILQ_RING_NAME) {
		if (n < max)
			godpdk_ring_info(e->data, &out[n]);
		n++;
	}
	rte_mcfg_tailq_read_unlock();
	return n;
}

static inline struct godpdk_text
godpdk_ring_text(const struct rte_ring *r)
{
	GODPDK_DUMP(f, rte_ring_dump(f, r));
}

/* rte_ring_dump: ENOENT if the ring was freed. */
static inline struct godpdk_text
godpdk_ring_dump(const char *name, const struct rte_ring *at)
{
	struct godpdk_text t = { .err = ENOENT };
	const struct rte_ring *r;

	rte_mcfg_tailq_read_lock();
	r = godpdk_ring_find(name, at);
	if (r != NULL)
		t = godpdk_ring_text(r);
	rte_mcfg_tailq_read_unlock();
	return t;
}

#endif
