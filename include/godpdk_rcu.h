/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_rcu: quiescent state based reclamation. */
#ifndef GODPDK_RCU_H
#define GODPDK_RCU_H

#include "godpdk.h"

#include <rte_memzone.h>
#include <rte_rcu_qsbr.h>

/* What Go reads and writes itself. */
enum {
	GODPDK_RCU_TOKEN = offsetof(struct rte_rcu_qsbr, token),
	GODPDK_RCU_CNT = offsetof(struct rte_rcu_qsbr, qsbr_cnt) + offsetof(struct rte_rcu_qsbr_cnt, cnt),
	GODPDK_RCU_STRIDE = sizeof(struct rte_rcu_qsbr_cnt),
#ifdef RTE_LIBRTE_RCU_DEBUG
	GODPDK_RCU_DEBUG = 1,
#else
	GODPDK_RCU_DEBUG = 0,
#endif
};

_Static_assert(sizeof(((struct rte_rcu_qsbr *)0)->token) == 8, "Go loads 64 bits");
_Static_assert(sizeof(((struct rte_rcu_qsbr_cnt *)0)->cnt) == 8, "Go stores 64 bits");
_Static_assert(sizeof(((struct rte_rcu_qsbr *)0)->num_threads) == 4, "a count of 32 bits");

/* rte_rcu_qsbr_init of a new memzone. */
static inline struct godpdk_ptr
godpdk_rcu_create(const char *name, uint32_t max_threads, int socket)
{
	const struct rte_memzone *mz;

	rte_errno = 0;
	mz = rte_memzone_reserve(name, rte_rcu_qsbr_get_memsize(max_threads), socket, 0);
	if (mz == NULL)
		return godpdk_result(NULL);
	rte_rcu_qsbr_init(mz->addr, max_threads);
	return godpdk_result(mz->addr);
}

/* What rte_memzone_walk, whose lock keeps the zone's memory, looks for. */
struct godpdk_rcu_search {
	const char *name;
	struct rte_rcu_qsbr *v;
	uint32_t max_threads;
	int err;
};

/* Initialising writes the token last, so EAGAIN is what has not got so far, or is
 * something else. */
static void
godpdk_rcu_match(const struct rte_memzone *mz, void *arg)
{
	struct godpdk_rcu_search *s = arg;
	struct rte_rcu_qsbr *v = mz->addr;

	if (strncmp(s->name, mz->name, RTE_MEMZONE_NAMESIZE) != 0)
		return;
	s->err = EAGAIN;
	if (mz->len < sizeof(*v) || __atomic_load_n((uint64_t *)&v->token, __ATOMIC_ACQUIRE) == 0 || v->max_threads == 0 ||
	    mz->len != RTE_CACHE_LINE_ROUNDUP(rte_rcu_qsbr_get_memsize(v->max_threads)) ||
	    v->num_elems != (v->max_threads + UINT32_C(63)) / 64)
		return;
	s->v = v;
	s->max_threads = v->max_threads;
	s->err = 0;
}

/* rte_memzone_lookup, and a look at what is there. */
static inline struct godpdk_rcu_search
godpdk_rcu_lookup(const char *name)
{
	struct godpdk_rcu_search s = { .name = name, .err = ENOENT };

	rte_memzone_walk(godpdk_rcu_match, &s);
	return s;
}

/* What is done with a variable that nobody can free meanwhile. */
struct godpdk_rcu_call {
	const char *name;
	struct rte_rcu_qsbr *v;
	int (*f)(struct rte_rcu_qsbr *v, void *arg);
	void *arg;
	int err;
};

static void
godpdk_rcu_call_match(const struct rte_memzone *mz, void *arg)
{
	struct godpdk_rcu_call *c = arg;

	if (mz->addr == c->v && strncmp(c->name, mz->name, RTE_MEMZONE_NAMESIZE) == 0)
		c->err = c->f(c->v, c->arg);
}

/* Calls f if the zone of that name still is at v. Returns what f returns, or ENOENT. */
static inline int
godpdk_rcu_call(const char *name, struct rte_rcu_qsbr *v, int (*f)(struct rte_rcu_qsbr *, void *), void *arg)
{
	struct godpdk_rcu_call c = { name, v, f, arg, ENOENT };

	rte_memzone_walk(godpdk_rcu_call_match, &c);
	return c.err;
}

/* rte_rcu_qsbr_thread_register, which does not say whether the id was free: this
 * does, in the same steps. The last one with the id may have left without going
 * offline. */
static int
godpdk_rcu_do_register(struct rte_rcu_qsbr *v, void *arg)
{
	uint32_t id = *(uint32_t *)arg;
	uint64_t *word = (uint64_t *)(uintptr_t)__RTE_QSBR_THRID_ARRAY_ELM(v, id / 64);
	uint64_t bit = UINT64_C(1) << id % 64;

	if (__atomic_fetch_or(word, bit, __ATOMIC_ACQ_REL) & bit)
		return EEXIST;
	__atomic_fetch_add((uint32_t *)&v->num_threads, 1, __ATOMIC_RELAXED);
	__atomic_store_n((uint64_t *)&v->qsbr_cnt[id].cnt, 0, __ATOMIC_SEQ_CST);
	return 0;
}

static inline int
godpdk_rcu_register(const char *name, struct rte_rcu_qsbr *v, uint32_t id)
{
	return godpdk_rcu_call(name, v, godpdk_rcu_do_register, &id);
}

static int
godpdk_rcu_do_unregister(struct rte_rcu_qsbr *v, void *arg)
{
	uint32_t id = *(uint32_t *)arg;
	uint64_t *word = (uint64_t *)(uintptr_t)__RTE_QSBR_THRID_ARRAY_ELM(v, id / 64);

	if ((__atomic_load_n(word, __ATOMIC_ACQUIRE) >> id % 64 & 1) == 0)
		return ENOENT;
	rte_rcu_qsbr_thread_offline(v, id);
	rte_rcu_qsbr_thread_unregister(v, id);
	return 0;
}

/* rte_rcu_qsbr_thread_unregister, offline, so that nobody waits for what the
 * counter said last; ENOENT if it is not registered. */
static inline int
godpdk_rcu_unregister(const char *name, struct rte_rcu_qsbr *v, uint32_t id)
{
	return godpdk_rcu_call(name, v, godpdk_rcu_do_unregister, &id);
}

/* The registered threads' ids and counters. */
struct godpdk_rcu_readers {
	uint32_t *ids;
	uint64_t *cnts;
	uint32_t max, n;
};

static int
godpdk_rcu_do_readers(struct rte_rcu_qsbr *v, void *arg)
{
	struct godpdk_rcu_readers *r = arg;

	for (uint32_t id = 0; id < v->max_threads && r->n < r->max; id++) {
		uint64_t *word = (uint64_t *)(uintptr_t)__RTE_QSBR_THRID_ARRAY_ELM(v, id / 64);

		if ((__atomic_load_n(word, __ATOMIC_ACQUIRE) >> id % 64 & 1) == 0)
			continue;
		r->ids[r->n] = id;
		r->cnts[r->n++] = __atomic_load_n((uint64_t *)&v->qsbr_cnt[id].cnt, __ATOMIC_RELAXED);
	}
	return 0;
}

/* Copies at most *n of them; *n becomes how many. */
static inline int
godpdk_rcu_readers(const char *name, struct rte_rcu_qsbr *v, uint32_t *ids, uint64_t *cnts, uint32_t *n)
{
	struct godpdk_rcu_readers r = { ids, cnts, *n, 0 };
	int err = godpdk_rcu_call(name, v, godpdk_rcu_do_readers, &r);

	*n = r.n;
	return err;
}

static int
godpdk_rcu_do_count(struct rte_rcu_qsbr *v, void *arg)
{
	*(uint32_t *)arg = __atomic_load_n((uint32_t *)&v->num_threads, __ATOMIC_RELAXED);
	return 0;
}

/* How many threads are registered; 0 if the variable was freed. */
static inline uint32_t
godpdk_rcu_count(const char *name, struct rte_rcu_qsbr *v)
{
	uint32_t n = 0;

	godpdk_rcu_call(name, v, godpdk_rcu_do_count, &n);
	return n;
}

/* rte_rcu_qsbr_check that does not wait, for fastcall. */
struct godpdk_rcu_check {
	struct rte_rcu_qsbr *v;
	uint64_t token;
};

static int32_t
godpdk_rcu_check(void *arg)
{
	struct godpdk_rcu_check *c = arg;

	return rte_rcu_qsbr_check(c->v, c->token, false);
}

static inline void *godpdk_rcu_check_address(void) { return (void *)godpdk_rcu_check; }

/* What a reader reports. Go does it itself unless DPDK counts locks. */
static inline void godpdk_rcu_online(struct rte_rcu_qsbr *v, uint32_t id) { rte_rcu_qsbr_thread_online(v, id); }
static inline void godpdk_rcu_offline(struct rte_rcu_qsbr *v, uint32_t id) { rte_rcu_qsbr_thread_offline(v, id); }
static inline void godpdk_rcu_quiescent(struct rte_rcu_qsbr *v, uint32_t id) { rte_rcu_qsbr_quiescent(v, id); }
static inline void godpdk_rcu_lock(struct rte_rcu_qsbr *v, uint32_t id) { rte_rcu_qsbr_lock(v, id); }
static inline void godpdk_rcu_unlock(struct rte_rcu_qsbr *v, uint32_t id) { rte_rcu_qsbr_unlock(v, id); }

static inline struct godpdk_text
godpdk_rcu_text(struct rte_rcu_qsbr *v)
{
	GODPDK_DUMP(f, rte_rcu_qsbr_dump(f, v));
}

static int
godpdk_rcu_do_dump(struct rte_rcu_qsbr *v, void *arg)
{
	struct godpdk_text *t = arg;

	*t = godpdk_rcu_text(v);
	return t->err;
}

/* rte_rcu_qsbr_dump. */
static inline struct godpdk_text
godpdk_rcu_dump(const char *name, struct rte_rcu_qsbr *v)
{
	struct godpdk_text t = { NULL, 0, 0 };

	t.err = godpdk_rcu_call(name, v, godpdk_rcu_do_dump, &t);
	return t;
}

/* Defer queues are experimental before 25.11. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* What one call frees goes into a table of the caller's: to call Go for each
 * element would cost more than all the rest. */
struct godpdk_rcu_freed {
	char *elems;
	uint32_t n, room;
};

static __thread struct godpdk_rcu_freed *godpdk_rcu_freed;

static void
godpdk_rcu_free(void *esize, void *elem, unsigned int n)
{
	struct godpdk_rcu_freed *f = godpdk_rcu_freed;
	size_t size = (uintptr_t)esize;

	if (n > f->room - f->n) /* the room is what the call may free */
		n = f->room - f->n;
	memcpy(f->elems + f->n * size, elem, n * size);
	f->n += n;
}

static inline struct godpdk_ptr
godpdk_rcu_dq_create(const char *name, struct rte_rcu_qsbr *v, uint32_t flags, uint32_t size, uint32_t esize,
		     uint32_t trigger, uint32_t max_reclaim)
{
	const struct rte_rcu_qsbr_dq_parameters p = {
		.name = name, .flags = flags, .size = size, .esize = esize,
		.trigger_reclaim_limit = trigger, .max_reclaim_size = max_reclaim,
		.free_fn = godpdk_rcu_free, .p = (void *)(uintptr_t)esize, .v = v,
	};

	rte_errno = 0;
	return godpdk_result(rte_rcu_qsbr_dq_create(&p));
}

/* rte_rcu_qsbr_dq_enqueue; *n, which is the room in elems, becomes how many were freed. */
static inline int
godpdk_rcu_dq_enqueue(struct rte_rcu_qsbr_dq *dq, uintptr_t *elem, uintptr_t *elems, uint32_t *n)
{
	struct godpdk_rcu_freed f = { .elems = (char *)elems, .room = *n };
	int ret;

	godpdk_rcu_freed = &f;
	rte_errno = 0;
	ret = rte_rcu_qsbr_dq_enqueue(dq, elem);
	godpdk_rcu_freed = NULL;
	*n = f.n;
	return ret == 0 ? 0 : godpdk_errno();
}

/* rte_rcu_qsbr_dq_reclaim of *n elements into elems; *n becomes how many. */
static inline int
godpdk_rcu_dq_reclaim(struct rte_rcu_qsbr_dq *dq, uintptr_t *elems, uint32_t *n, uint32_t *pending)
{
	struct godpdk_rcu_freed f = { .elems = (char *)elems, .room = *n };
	int ret;

	godpdk_rcu_freed = &f;
	rte_errno = 0;
	ret = rte_rcu_qsbr_dq_reclaim(dq, *n, NULL, pending, NULL);
	godpdk_rcu_freed = NULL;
	*n = f.n;
	return ret == 0 ? 0 : godpdk_errno();
}

/* rte_rcu_qsbr_dq_delete of an empty queue. */
static inline int
godpdk_rcu_dq_delete(struct rte_rcu_qsbr_dq *dq)
{
	rte_errno = 0;
	return rte_rcu_qsbr_dq_delete(dq) == 0 ? 0 : godpdk_errno();
}

#pragma GCC diagnostic pop

#endif
