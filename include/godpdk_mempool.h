/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_mempool: control calls, the layout that the Go-native caches stand
 * on, and the data path through cgo, for backends that are not a ring and for
 * the tests. */
#ifndef GODPDK_MEMPOOL_H
#define GODPDK_MEMPOOL_H

#include "godpdk.h"

#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_memzone.h>

enum {
	GODPDK_MEMPOOL_CACHE_SIZE = offsetof(struct rte_mempool_cache, size),
	GODPDK_MEMPOOL_CACHE_THRESHOLD = offsetof(struct rte_mempool_cache, flushthresh),
	GODPDK_MEMPOOL_CACHE_LEN = offsetof(struct rte_mempool_cache, len),
	GODPDK_MEMPOOL_CACHE_OBJS = offsetof(struct rte_mempool_cache, objs),
	GODPDK_MEMPOOL_CACHE_SIZEOF = sizeof(struct rte_mempool_cache),
	GODPDK_MEMPOOL_HDR_SIZEOF = sizeof(struct rte_mempool_objhdr),
	GODPDK_MEMPOOL_HDR_MP = offsetof(struct rte_mempool_objhdr, mp),
	GODPDK_MEMPOOL_HDR_IOVA = offsetof(struct rte_mempool_objhdr, iova),
	GODPDK_MEMPOOL_NAMESIZE = RTE_MEMPOOL_NAMESIZE,
	GODPDK_MEMPOOL_FLAG_CREATED = RTE_MEMPOOL_F_POOL_CREATED,
	GODPDK_MEMPOOL_FLAG_NON_IO = RTE_MEMPOOL_F_NON_IO,
	/* A DPDK built with cookies or statistics keeps them in its inline
	 * functions, which Go then must call. */
#if defined(RTE_LIBRTE_MEMPOOL_DEBUG) || defined(RTE_LIBRTE_MEMPOOL_STATS)
	GODPDK_MEMPOOL_NATIVE = 0,
#else
	GODPDK_MEMPOOL_NATIVE = 1,
#endif
};

_Static_assert(sizeof(((struct rte_mempool_cache *)0)->len) == 4, "a cache's len");
_Static_assert(sizeof(((struct rte_mempool_cache *)0)->size) == 4, "a cache's size");
_Static_assert(sizeof(((struct rte_mempool_cache *)0)->flushthresh) == 4, "a cache's threshold");
_Static_assert(sizeof(((struct rte_mempool_cache *)0)->objs) ==
	       2 * RTE_MEMPOOL_CACHE_MAX_SIZE * sizeof(void *), "a cache's room");
_Static_assert(sizeof(rte_iova_t) == 8, "an IO address");

/* rte_mempool_create_empty, rte_mempool_set_ops_byname and, if asked for,
 * rte_mempool_populate_default; nothing is left of what fails. DPDK sets no
 * rte_errno when it has no memory for the list entry. */
static inline struct godpdk_ptr
godpdk_mempool_create(const char *name, unsigned int n, unsigned int size,
		      unsigned int cache, unsigned int priv, int socket,
		      unsigned int flags, const char *ops, int populate)
{
	struct rte_mempool *mp;
	int ret;

	rte_errno = ENOMEM;
	mp = rte_mempool_create_empty(name, n, size, cache, priv, socket, flags);
	if (mp == NULL)
		return godpdk_result(mp);
	ret = rte_mempool_set_ops_byname(mp, ops, NULL);
	if (ret == 0 && populate)
		ret = rte_mempool_populate_default(mp);
	if (ret >= 0)
		return godpdk_result(mp);
	rte_mempool_free(mp);
	return (struct godpdk_ptr){ NULL, -ret };
}

/* rte_mempool_lookup. */
static inline struct godpdk_ptr
godpdk_mempool_lookup(const char *name)
{
	rte_errno = 0;
	return godpdk_result(rte_mempool_lookup(name));
}

/* rte_mempool_set_ops_byname; returns 0 or a positive errno. */
static inline int
godpdk_mempool_set_ops(struct rte_mempool *mp, const char *name)
{
	return godpdk_neg(rte_mempool_set_ops_byname(mp, name, NULL));
}

/* rte_mempool_populate_default: a number of objects, or -errno. */
static inline int
godpdk_mempool_populate(struct rte_mempool *mp)
{
	return rte_mempool_populate_default(mp);
}

/* rte_mempool_populate_anon: a number of objects, or -errno. */
static inline int
godpdk_mempool_populate_anon(struct rte_mempool *mp)
{
	int ret;

	rte_errno = 0;
	ret = rte_mempool_populate_anon(mp);
	return ret > 0 ? ret : -godpdk_errno();
}

/* The memzone that holds a chunk, if its memory is a memzone at all. */
struct godpdk_mempool_zone {
	const struct rte_mempool_memhdr *chunk;
	const struct rte_memzone *mz;
};

static void
godpdk_mempool_match_zone(const struct rte_memzone *mz, void *arg)
{
	struct godpdk_mempool_zone *z = arg;

	if (mz == z->chunk->opaque && z->chunk->addr >= mz->addr &&
	    (char *)z->chunk->addr < (char *)mz->addr + mz->len)
		z->mz = mz;
}

static void
godpdk_mempool_free_zone(struct rte_mempool_memhdr *chunk __rte_unused, void *mz)
{
	rte_memzone_free(mz);
}

/* rte_mempool_free of the pool that the name still means: one freed by another
 * process must not be freed again. A chunk carries the function that frees it
 * as a pointer, which is wrong in any other process than the one that populated
 * the pool: chunks in memzones get our own. If there are others, and the pool
 * was not populated by this process, the answer is EXDEV and nothing happens.
 * Returns 0 or a positive errno. */
static inline int
godpdk_mempool_free(const char *name, struct rte_mempool *mp, int mine)
{
	struct rte_mempool_memhdr *c;

	if (rte_mempool_lookup(name) != mp)
		return ENOENT;
	STAILQ_FOREACH(c, &mp->mem_list, next) {
		struct godpdk_mempool_zone z = { c, NULL };

		if (c->free_cb == NULL)
			continue;
		rte_memzone_walk(godpdk_mempool_match_zone, &z);
		if (z.mz != NULL)
			c->free_cb = godpdk_mempool_free_zone;
		else if (!mine)
			return EXDEV;
	}
	rte_mempool_free(mp);
	return 0;
}

/* What a pool says of itself. */
struct godpdk_mempool_info {
	char name[RTE_MEMPOOL_NAMESIZE];
	char ops[RTE_MEMPOOL_OPS_NAMESIZE]; /* "" if this process has no such ops */
	void *mp, *data, *priv, *caches;
	uint32_t flags, size, populated, cache_size;
	uint32_t elt_size, header_size, trailer_size, private_size;
	uint32_t chunks, available;
	int32_t socket, ops_index;
};

static inline void
godpdk_mempool_info(struct rte_mempool *mp, struct godpdk_mempool_info *i)
{
	memset(i, 0, sizeof(*i));
	snprintf(i->name, sizeof(i->name), "%s", mp->name);
	if (mp->ops_index >= 0 && (uint32_t)mp->ops_index < rte_mempool_ops_table.num_ops)
		snprintf(i->ops, sizeof(i->ops), "%s", rte_mempool_get_ops(mp->ops_index)->name);
	i->mp = mp;
	i->data = mp->pool_data;
	i->priv = rte_mempool_get_priv(mp);
	i->caches = mp->cache_size != 0 ? mp->local_cache : NULL;
	i->flags = mp->flags;
	i->size = mp->size;
	i->populated = mp->populated_size;
	i->cache_size = mp->cache_size;
	i->elt_size = mp->elt_size;
	i->header_size = mp->header_size;
	i->trailer_size = mp->trailer_size;
	i->private_size = mp->private_data_size;
	i->chunks = mp->nb_mem_chunks;
	if (i->ops[0] != 0 && (i->flags & RTE_MEMPOOL_F_POOL_CREATED))
		i->available = rte_mempool_avail_count(mp);
	i->socket = mp->socket_id;
	i->ops_index = mp->ops_index;
}

/* Collects what rte_mempool_walk visits. */
struct godpdk_mempool_list {
	struct godpdk_mempool_info *out;
	size_t max, len;
};

static void
godpdk_mempool_collect(struct rte_mempool *mp, void *arg)
{
	struct godpdk_mempool_list *l = arg;

	if (l->len < l->max)
		godpdk_mempool_info(mp, &l->out[l->len]);
	l->len++;
}

/* rte_mempool_walk: describes at most max pools; returns how many there are. */
static inline size_t
godpdk_mempool_walk(struct godpdk_mempool_info *out, size_t max)
{
	struct godpdk_mempool_list l = { out, max, 0 };

	rte_mempool_walk(godpdk_mempool_collect, &l);
	return l.len;
}

/* The name of this process's ops number i; NULL past the last one. */
static inline const char *
godpdk_mempool_ops_name(unsigned int i)
{
	return i < rte_mempool_ops_table.num_ops ? rte_mempool_get_ops(i)->name : NULL;
}

/* rte_mempool_obj_iter: the addresses of at most max objects. */
static inline uint32_t
godpdk_mempool_objects(struct rte_mempool *mp, uintptr_t *out, uint32_t max)
{
	struct rte_mempool_objhdr *h;
	uint32_t n = 0;

	STAILQ_FOREACH(h, &mp->elt_list, next) {
		if (n == max)
			break;
		out[n++] = (uintptr_t)(h + 1);
	}
	return n;
}

/* A piece of memory that holds objects. */
struct godpdk_mempool_chunk {
	void *addr;
	uint64_t iova;
	size_t len;
	int shared; /* DPDK's memory, or memory registered with it */
};

/* rte_mempool_mem_iter: at most max chunks. */
static inline uint32_t
godpdk_mempool_chunks(struct rte_mempool *mp, struct godpdk_mempool_chunk *out, uint32_t max)
{
	struct rte_mempool_memhdr *h;
	uint32_t n = 0;

	STAILQ_FOREACH(h, &mp->mem_list, next) {
		if (n == max)
			break;
		out[n].addr = h->addr;
		out[n].iova = h->iova;
		out[n].len = h->len;
		out[n++].shared = rte_mem_virt2memseg_list(h->addr) != NULL;
	}
	return n;
}

/* The lcore whose cache is damaged, or -1: rte_mempool_audit, and with it
 * rte_mempool_dump, would end the process. */
static inline int
godpdk_mempool_bad_cache(const struct rte_mempool *mp, uint32_t *len, uint32_t *limit)
{
	unsigned int i;

	if (mp->cache_size == 0)
		return -1;
	for (i = 0; i < RTE_MAX_LCORE; i++) {
		const struct rte_mempool_cache *c = &mp->local_cache[i];

		if (c->len > c->flushthresh) {
			*len = c->len;
			*limit = c->flushthresh;
			return i;
		}
	}
	return -1;
}

/* rte_mempool_dump. */
static inline struct godpdk_text
godpdk_mempool_dump(struct rte_mempool *mp)
{
	GODPDK_DUMP(f, rte_mempool_dump(f, mp));
}

/* rte_mempool_cache_create. */
static inline struct godpdk_ptr
godpdk_mempool_cache_create(uint32_t size, int socket)
{
	rte_errno = 0;
	return godpdk_result(rte_mempool_cache_create(size, socket));
}

/* rte_mempool_default_cache of the calling thread's lcore. */
static inline struct rte_mempool_cache *
godpdk_mempool_default_cache(struct rte_mempool *mp)
{
	return rte_mempool_default_cache(mp, rte_lcore_id());
}

/* The backend alone: rte_mempool_ops_dequeue_bulk and _enqueue_bulk. The table
 * is a uintptr_t pointer, not void **: the runtime's check of cgo pointers then
 * has nothing to walk. Both return 0 or less. */
static inline int
godpdk_mempool_dequeue(struct rte_mempool *mp, uintptr_t *objs, unsigned int n)
{
	return rte_mempool_ops_dequeue_bulk(mp, (void **)objs, n);
}

static inline int
godpdk_mempool_enqueue(struct rte_mempool *mp, const uintptr_t *objs, unsigned int n)
{
	return rte_mempool_ops_enqueue_bulk(mp, (void * const *)objs, n);
}

/* The whole data path: rte_mempool_generic_get and _put; cache may be NULL. */
static inline int
godpdk_mempool_get(struct rte_mempool *mp, struct rte_mempool_cache *cache,
		   uintptr_t *objs, unsigned int n)
{
	return rte_mempool_generic_get(mp, (void **)objs, n, cache);
}

static inline void
godpdk_mempool_put(struct rte_mempool *mp, struct rte_mempool_cache *cache,
		   const uintptr_t *objs, unsigned int n)
{
	rte_mempool_generic_put(mp, (void * const *)objs, n, cache);
}

/* rte_mempool_cache_flush; cache is not NULL. */
static inline void
godpdk_mempool_flush(struct rte_mempool *mp, struct rte_mempool_cache *cache)
{
	rte_mempool_cache_flush(cache, mp);
}

#endif
