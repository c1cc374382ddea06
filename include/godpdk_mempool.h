/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_mempool: control calls, the layout for the Go-native caches, and the data path
 * through cgo, for ops that are not a ring and for the tests. */
#ifndef GODPDK_MEMPOOL_H
#define GODPDK_MEMPOOL_H

#include "godpdk.h"
#include "godpdk_named.h"
#include "godpdk_ring.h"

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
	/* In a DPDK built with cookies or statistics, inline functions update them: Go must
	 * call those. */
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

/* The lists of rte_mempool.c and rte_stack.c. */
#define GODPDK_TAILQ_MEMPOOL "RTE_MEMPOOL"
#define GODPDK_TAILQ_STACK "RTE_STACK"

/* Keeps the listed pools unchanged. DPDK's lookups take only the first lock, its
 * rte_mempool_free only the second. */
static inline void
godpdk_mempool_lock(void)
{
	rte_mcfg_mempool_read_lock();
	rte_mcfg_tailq_read_lock();
}

static inline void
godpdk_mempool_unlock(void)
{
	rte_mcfg_tailq_read_unlock();
	rte_mcfg_mempool_read_unlock();
}

/* The pool of that name, or NULL. The caller holds the lock. */
static inline struct rte_mempool *
godpdk_mempool_find(const char *name)
{
	GODPDK_TAILQ_FOREACH(e, GODPDK_TAILQ_MEMPOOL) {
		struct rte_mempool *mp = e->data;

		if (strncmp(name, mp->name, RTE_MEMPOOL_NAMESIZE) == 0)
			return mp;
	}
	return NULL;
}

/* Locks if the pool exists with that name: another one may be at its address now. "" means
 * any name. */
static inline int
godpdk_mempool_enter(const char *name, const struct rte_mempool *mp)
{
	godpdk_mempool_lock();
	if (godpdk_tailq_has(GODPDK_TAILQ_MEMPOOL, mp) &&
	    (name[0] == 0 || strncmp(name, mp->name, RTE_MEMPOOL_NAMESIZE) == 0))
		return 1;
	godpdk_mempool_unlock();
	return 0;
}

/* rte_mempool_free of a pool that only this thread uses. */
static inline void
godpdk_mempool_discard(struct rte_mempool *mp)
{
	godpdk_free_begin();
	rte_mempool_free(mp);
	godpdk_free_end();
}

/* rte_mempool_set_ops_byname. DPDK creates a pool's ring by the pool's flags, not by the
 * ops. This sets the flags that fit the ops, so that a process in which the same index
 * means other ops can detect the difference. */
static inline int
godpdk_mempool_use_ops(struct rte_mempool *mp, const char *ops)
{
	int ret = rte_mempool_set_ops_byname(mp, ops, NULL);

	if (ret != 0)
		return ret;
	if (strncmp(ops, "ring_sp_", 8) == 0)
		mp->flags |= RTE_MEMPOOL_F_SP_PUT;
	if (strcmp(ops, "ring_sp_sc") == 0 || strcmp(ops, "ring_mp_sc") == 0)
		mp->flags |= RTE_MEMPOOL_F_SC_GET;
	return 0;
}

/* rte_mempool_create_empty, rte_mempool_set_ops_byname and, with populate,
 * rte_mempool_populate_default. After an error no pool exists. DPDK does not set rte_errno
 * if memory for the list entry is short. */
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
	ret = godpdk_mempool_use_ops(mp, ops);
	if (ret == 0 && populate)
		ret = rte_mempool_populate_default(mp);
	if (ret >= 0)
		return godpdk_result(mp);
	godpdk_mempool_discard(mp);
	return (struct godpdk_ptr){ NULL, -ret };
}

/* rte_mempool_set_ops_byname: 0 or a positive errno. */
static inline int
godpdk_mempool_set_ops(struct rte_mempool *mp, const char *name)
{
	return godpdk_neg(godpdk_mempool_use_ops(mp, name));
}

/* rte_mempool_populate_anon: a number of objects or a negative errno. */
static inline int
godpdk_mempool_populate_anon(struct rte_mempool *mp)
{
	int ret;

	rte_errno = 0;
	ret = rte_mempool_populate_anon(mp);
	return ret > 0 ? ret : -godpdk_errno();
}

/* rte_mempool_free of the pool that the name still means: another process may have freed
 * it. Returns 0 or a positive errno. Each chunk has the address of the function that frees
 * it, which is valid only in the process that populated the pool. Chunks in memzones get
 * this process's function. If there are other chunks and mine is 0, this returns EXDEV and
 * frees nothing. */
int godpdk_mempool_free(const char *name, struct rte_mempool *mp, int mine);

/* Makes the counts of this process's ops safe for pools that are not populated: DPDK's
 * telemetry asks for them too. All ops must be registered. */
void godpdk_mempool_guard_counts(void);

/* The kinds of storage for a pool's objects. */
enum {
	GODPDK_MEMPOOL_OTHER,
	GODPDK_MEMPOOL_RING,
	GODPDK_MEMPOOL_STACK,
};

/* A description of a pool. */
struct godpdk_mempool_info {
	char name[RTE_MEMPOOL_NAMESIZE];
	char ops[RTE_MEMPOOL_OPS_NAMESIZE]; /* "" if this process has no such ops */
	void *mp, *data, *priv, *caches;
	uint32_t flags, size, populated, cache_size;
	uint32_t elt_size, header_size, trailer_size, private_size;
	uint32_t chunks, available;
	uint32_t foreign; /* chunks in memory that DPDK does not manage */
	uint32_t keeps; /* the kind of storage of data */
	int32_t socket, ops_index;
	struct godpdk_ring_info ring; /* if data is one */
};

static inline uint32_t
godpdk_mempool_kept_by(const char *ops)
{
	if (strncmp(ops, "ring_", 5) == 0)
		return GODPDK_MEMPOOL_RING;
	if (strcmp(ops, "stack") == 0 || strcmp(ops, "lf_stack") == 0)
		return GODPDK_MEMPOOL_STACK;
	return GODPDK_MEMPOOL_OTHER;
}

/* Describes a pool. The caller holds the lock. The index of a pool's ops can mean other ops
 * in this process than in its creator, so this uses the ops only after a check of the data. */
static inline void
godpdk_mempool_info(struct rte_mempool *mp, struct godpdk_mempool_info *i)
{
	struct rte_mempool_memhdr *c;

	memset(i, 0, sizeof(*i));
	snprintf(i->name, sizeof(i->name), "%s", mp->name);
	if (mp->ops_index >= 0 && (uint32_t)mp->ops_index < rte_mempool_ops_table.num_ops)
		snprintf(i->ops, sizeof(i->ops), "%s", rte_mempool_get_ops(mp->ops_index)->name);
	i->mp = mp;
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
	i->socket = mp->socket_id;
	i->ops_index = mp->ops_index;
	STAILQ_FOREACH(c, &mp->mem_list, next)
		i->foreign += rte_mem_virt2memseg_list(c->addr) == NULL;
	if ((i->flags & RTE_MEMPOOL_F_POOL_CREATED) == 0)
		return;
	i->data = mp->pool_data;
	if (godpdk_tailq_has(RTE_TAILQ_RING_NAME, i->data)) {
		i->keeps = GODPDK_MEMPOOL_RING;
		godpdk_ring_info(i->data, &i->ring);
	} else if (godpdk_tailq_has(GODPDK_TAILQ_STACK, i->data)) {
		i->keeps = GODPDK_MEMPOOL_STACK;
	}
	if (i->ops[0] != 0 && godpdk_mempool_kept_by(i->ops) == i->keeps)
		i->available = rte_mempool_avail_count(mp);
}

/* rte_mempool_lookup with a description: 0 or a positive errno. */
static inline int
godpdk_mempool_lookup(const char *name, struct godpdk_mempool_info *i)
{
	struct rte_mempool *mp;

	godpdk_mempool_lock();
	mp = godpdk_mempool_find(name);
	if (mp != NULL)
		godpdk_mempool_info(mp, i);
	godpdk_mempool_unlock();
	return mp != NULL ? 0 : ENOENT;
}

/* Describes a pool. The description is empty if the pool does not exist. */
static inline void
godpdk_mempool_describe(struct rte_mempool *mp, struct godpdk_mempool_info *i)
{
	memset(i, 0, sizeof(*i));
	if (!godpdk_mempool_enter("", mp))
		return;
	godpdk_mempool_info(mp, i);
	godpdk_mempool_unlock();
}

/* rte_mempool_walk: describes at most max pools and returns the number of pools. */
static inline size_t
godpdk_mempool_walk(struct godpdk_mempool_info *out, size_t max)
{
	size_t n = 0;

	godpdk_mempool_lock();
	GODPDK_TAILQ_FOREACH(e, GODPDK_TAILQ_MEMPOOL) {
		if (n < max)
			godpdk_mempool_info(e->data, &out[n]);
		n++;
	}
	godpdk_mempool_unlock();
	return n;
}

/* rte_mempool_avail_count: 0 if the pool was freed or is not populated. */
static inline uint32_t
godpdk_mempool_available(const char *name, struct rte_mempool *mp)
{
	uint32_t n = 0;

	if (!godpdk_mempool_enter(name, mp))
		return 0;
	if (mp->flags & RTE_MEMPOOL_F_POOL_CREATED)
		n = rte_mempool_avail_count(mp);
	godpdk_mempool_unlock();
	return n;
}

/* The name of this process's ops with index i, NULL past the last one. */
static inline const char *
godpdk_mempool_ops_name(unsigned int i)
{
	return i < rte_mempool_ops_table.num_ops ? rte_mempool_get_ops(i)->name : NULL;
}

/* rte_mempool_obj_iter: stores the addresses of at most max objects and returns their number,
 * 0 if the pool was freed. */
static inline uint32_t
godpdk_mempool_objects(const char *name, struct rte_mempool *mp, uintptr_t *out, uint32_t max)
{
	struct rte_mempool_objhdr *h;
	uint32_t n = 0;

	if (!godpdk_mempool_enter(name, mp))
		return 0;
	STAILQ_FOREACH(h, &mp->elt_list, next) {
		if (n == max)
			break;
		out[n++] = (uintptr_t)(h + 1);
	}
	godpdk_mempool_unlock();
	return n;
}

/* A copy of a struct rte_mempool_memhdr. */
struct godpdk_mempool_chunk {
	void *addr;
	uint64_t iova;
	size_t len;
	int shared; /* DPDK's memory, or memory registered with it */
};

/* rte_mempool_mem_iter: stores at most max chunks and returns their number, 0 if the pool was
 * freed. */
static inline uint32_t
godpdk_mempool_chunks(const char *name, struct rte_mempool *mp, struct godpdk_mempool_chunk *out, uint32_t max)
{
	struct rte_mempool_memhdr *h;
	uint32_t n = 0;

	if (!godpdk_mempool_enter(name, mp))
		return 0;
	STAILQ_FOREACH(h, &mp->mem_list, next) {
		if (n == max)
			break;
		out[n].addr = h->addr;
		out[n].iova = h->iova;
		out[n].len = h->len;
		out[n++].shared = rte_mem_virt2memseg_list(h->addr) != NULL;
	}
	godpdk_mempool_unlock();
	return n;
}

/* A damaged cache of an lcore. lcore is -1 if no cache is damaged. */
struct godpdk_mempool_damage {
	int lcore;
	uint32_t len, limit;
};

/* The caller holds the lock. */
static inline int
godpdk_mempool_damaged(const struct rte_mempool *mp, struct godpdk_mempool_damage *d)
{
	d->lcore = -1;
	for (unsigned int i = 0; mp->cache_size != 0 && i < RTE_MAX_LCORE; i++) {
		const struct rte_mempool_cache *c = &mp->local_cache[i];

		if (c->len > c->flushthresh) {
			*d = (struct godpdk_mempool_damage){ i, c->len, c->flushthresh };
			return 1;
		}
	}
	return 0;
}

/* rte_mempool_audit: 0 or a positive errno. It returns EUCLEAN for a damaged cache, where
 * DPDK would end the process, and ENODATA for a pool that is not populated. */
static inline int
godpdk_mempool_audit(const char *name, struct rte_mempool *mp, struct godpdk_mempool_damage *d)
{
	int err = 0;

	if (!godpdk_mempool_enter(name, mp))
		return ENOENT;
	if ((mp->flags & RTE_MEMPOOL_F_POOL_CREATED) == 0)
		err = ENODATA;
	else if (godpdk_mempool_damaged(mp, d))
		err = EUCLEAN;
	else
		rte_mempool_audit(mp);
	godpdk_mempool_unlock();
	return err;
}

static inline struct godpdk_text
godpdk_mempool_text(struct rte_mempool *mp)
{
	GODPDK_DUMP(f, rte_mempool_dump(f, mp));
}

/* rte_mempool_dump, with the checks of godpdk_mempool_audit. */
static inline struct godpdk_text
godpdk_mempool_dump(const char *name, struct rte_mempool *mp, struct godpdk_mempool_damage *d)
{
	struct godpdk_text t = { .err = ENOENT };

	if (!godpdk_mempool_enter(name, mp))
		return t;
	if ((mp->flags & RTE_MEMPOOL_F_POOL_CREATED) == 0)
		t.err = ENODATA;
	else if (godpdk_mempool_damaged(mp, d))
		t.err = EUCLEAN;
	else
		t = godpdk_mempool_text(mp);
	godpdk_mempool_unlock();
	return t;
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

/* rte_mempool_ops_dequeue_bulk and rte_mempool_ops_enqueue_bulk: 0 or a negative number. The
 * table is uintptr_t, not void *: the runtime's cgo pointer check has nothing to walk. */
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

/* rte_mempool_generic_get and rte_mempool_generic_put. cache may be NULL. */
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

#endif
