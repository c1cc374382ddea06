//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_rcu.h"

/* rte_memzone_walk calls this under the lock of the memzones, which keeps the zone's
 * memory. Initialization writes the token last, so EAGAIN means that it is not complete,
 * or that the zone holds something else. */
static bool
complete(const struct rte_memzone *mz)
{
	struct rte_rcu_qsbr *v = mz->addr;

	return mz->len >= sizeof(*v) && __atomic_load_n((uint64_t *)&v->token, __ATOMIC_ACQUIRE) != 0 && v->max_threads != 0 &&
	       mz->len == RTE_CACHE_LINE_ROUNDUP(rte_rcu_qsbr_get_memsize(v->max_threads)) &&
	       v->num_elems == (v->max_threads + UINT32_C(63)) / 64;
}

static void
match(const struct rte_memzone *mz, void *arg)
{
	struct godpdk_rcu_search *s = arg;
	struct rte_rcu_qsbr *v = mz->addr;

	if (strncmp(s->name, mz->name, RTE_MEMZONE_NAMESIZE) != 0)
		return;
	s->err = EAGAIN;
	if (!complete(mz))
		return;
	s->v = v;
	s->max_threads = v->max_threads;
	s->err = 0;
}

struct godpdk_rcu_search
godpdk_rcu_lookup(const char *name)
{
	struct godpdk_rcu_search s = { .name = name, .err = ENOENT };

	rte_memzone_walk(match, &s);
	return s;
}

/* A call on a variable that nobody can free meanwhile. */
struct call {
	const char *name;
	struct rte_rcu_qsbr *v;
	int (*f)(struct rte_rcu_qsbr *v, void *arg);
	void *arg;
	int err;
};

static void
match_call(const struct rte_memzone *mz, void *arg)
{
	struct call *c = arg;

	if (mz->addr == c->v && strncmp(c->name, mz->name, RTE_MEMZONE_NAMESIZE) == 0)
		c->err = c->f(c->v, c->arg);
}

/* Calls f if the zone of that name is still at v. Returns the result of f, or ENOENT. */
static int
call(const char *name, struct rte_rcu_qsbr *v, int (*f)(struct rte_rcu_qsbr *, void *), void *arg)
{
	struct call c = { name, v, f, arg, ENOENT };

	rte_memzone_walk(match_call, &c);
	return c.err;
}

static uint64_t *
word_of(struct rte_rcu_qsbr *v, uint32_t id)
{
	return (uint64_t *)(uintptr_t)__RTE_QSBR_THRID_ARRAY_ELM(v, id / 64);
}

static int
registered(struct rte_rcu_qsbr *v, uint32_t id)
{
	return __atomic_load_n(word_of(v, id), __ATOMIC_ACQUIRE) >> id % 64 & 1;
}

/* rte_rcu_qsbr_thread_register does not report whether the id was free. This function
 * does, in the same steps. The previous thread with the id may not have gone offline. */
static int
do_register(struct rte_rcu_qsbr *v, void *arg)
{
	uint32_t id = *(uint32_t *)arg;
	uint64_t bit = UINT64_C(1) << id % 64;

	if (__atomic_fetch_or(word_of(v, id), bit, __ATOMIC_ACQ_REL) & bit)
		return EEXIST;
	__atomic_fetch_add((uint32_t *)&v->num_threads, 1, __ATOMIC_RELAXED);
	__atomic_store_n((uint64_t *)&v->qsbr_cnt[id].cnt, 0, __ATOMIC_SEQ_CST);
	return 0;
}

int
godpdk_rcu_register(const char *name, struct rte_rcu_qsbr *v, uint32_t id)
{
	return call(name, v, do_register, &id);
}

static uint32_t *
owner_of(struct rte_rcu_qsbr *v, uint32_t id)
{
	return (uint32_t *)((char *)&v->qsbr_cnt[id] + GODPDK_RCU_OWNER);
}

/* The owner is cleared last, unless the next reader with the id has written its own. */
static int
do_unregister(struct rte_rcu_qsbr *v, void *arg)
{
	uint32_t id = *(uint32_t *)arg, *owner = owner_of(v, id), was = __atomic_load_n(owner, __ATOMIC_ACQUIRE);
	int err = ENOENT;

	if (registered(v, id)) {
		rte_rcu_qsbr_thread_offline(v, id);
		rte_rcu_qsbr_thread_unregister(v, id);
		err = 0;
	}
	__atomic_compare_exchange_n(owner, &was, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	return err;
}

int
godpdk_rcu_unregister(const char *name, struct rte_rcu_qsbr *v, uint32_t id)
{
	return call(name, v, do_unregister, &id);
}

struct release {
	uint32_t dead, by, n, max;
	struct godpdk_rcu_released *r;
};

/* by takes each reader over first, so that a reader is released once. */
static void
release(const struct rte_memzone *mz, void *arg)
{
	const uint32_t mark = UINT32_C(1) << 31;
	struct release *r = arg;
	struct rte_rcu_qsbr *v = mz->addr;

	if (!complete(mz))
		return;
	for (uint32_t id = 0; id < v->max_threads && r->n < r->max; id++) {
		uint32_t *owner = owner_of(v, id), was = __atomic_load_n(owner, __ATOMIC_ACQUIRE);

		if ((was & ~mark) != r->dead ||
		    !__atomic_compare_exchange_n(owner, &was, r->by | mark, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		if (do_unregister(v, &id) == 0) {
			memcpy(r->r[r->n].name, mz->name, RTE_MEMZONE_NAMESIZE);
			r->r[r->n++].id = id;
		}
	}
}

void
godpdk_rcu_release(uint32_t dead, uint32_t by, struct godpdk_rcu_released *out, uint32_t *n)
{
	struct release r = { dead, by, 0, *n, out };

	rte_memzone_walk(release, &r);
	*n = r.n;
}

struct readers {
	uint32_t *ids;
	uint64_t *cnts;
	uint32_t max, n;
};

static int
do_readers(struct rte_rcu_qsbr *v, void *arg)
{
	struct readers *r = arg;

	for (uint32_t id = 0; id < v->max_threads && r->n < r->max; id++) {
		if (!registered(v, id))
			continue;
		r->ids[r->n] = id;
		r->cnts[r->n++] = __atomic_load_n((uint64_t *)&v->qsbr_cnt[id].cnt, __ATOMIC_RELAXED);
	}
	return 0;
}

int
godpdk_rcu_readers(const char *name, struct rte_rcu_qsbr *v, uint32_t *ids, uint64_t *cnts, uint32_t *n)
{
	struct readers r = { ids, cnts, *n, 0 };
	int err = call(name, v, do_readers, &r);

	*n = r.n;
	return err;
}

static int
do_count(struct rte_rcu_qsbr *v, void *arg)
{
	*(uint32_t *)arg = __atomic_load_n((uint32_t *)&v->num_threads, __ATOMIC_RELAXED);
	return 0;
}

uint32_t
godpdk_rcu_count(const char *name, struct rte_rcu_qsbr *v)
{
	uint32_t n = 0;

	call(name, v, do_count, &n);
	return n;
}

int32_t
godpdk_rcu_check(void *arg)
{
	struct godpdk_rcu_check *c = arg;

	return rte_rcu_qsbr_check(c->v, c->token, false);
}

static struct godpdk_text
dump(struct rte_rcu_qsbr *v)
{
	GODPDK_DUMP(f, rte_rcu_qsbr_dump(f, v));
}

static int
do_dump(struct rte_rcu_qsbr *v, void *arg)
{
	struct godpdk_text *t = arg;

	*t = dump(v);
	return t->err;
}

struct godpdk_text
godpdk_rcu_dump(const char *name, struct rte_rcu_qsbr *v)
{
	struct godpdk_text t = { NULL, 0, 0 };

	t.err = call(name, v, do_dump, &t);
	return t;
}

/* Defer queues are experimental before 25.11. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* The elements that one call frees go to a table of the caller: a call of Go for each
 * element would cost more than everything else. */
struct freed {
	char *elems;
	uint32_t n, room;
};

static __thread struct freed *freed;

static void
free_elems(void *esize, void *elem, unsigned int n)
{
	struct freed *f = freed;
	size_t size = (uintptr_t)esize;

	if (n > f->room - f->n) /* the room is the number of elements that the call may free */
		n = f->room - f->n;
	memcpy(f->elems + f->n * size, elem, n * size);
	f->n += n;
}

struct godpdk_ptr
godpdk_rcu_dq_create(const char *name, struct rte_rcu_qsbr *v, uint32_t flags, uint32_t size, uint32_t esize,
		     uint32_t trigger, uint32_t max_reclaim)
{
	const struct rte_rcu_qsbr_dq_parameters p = {
		.name = name, .flags = flags, .size = size, .esize = esize,
		.trigger_reclaim_limit = trigger, .max_reclaim_size = max_reclaim,
		.free_fn = free_elems, .p = (void *)(uintptr_t)esize, .v = v,
	};

	rte_errno = 0;
	return godpdk_result(rte_rcu_qsbr_dq_create(&p));
}

int
godpdk_rcu_dq_enqueue(struct rte_rcu_qsbr_dq *dq, uintptr_t *elem, uintptr_t *elems, uint32_t *n)
{
	struct freed f = { .elems = (char *)elems, .room = *n };
	int ret;

	freed = &f;
	rte_errno = 0;
	ret = rte_rcu_qsbr_dq_enqueue(dq, elem);
	freed = NULL;
	*n = f.n;
	return ret == 0 ? 0 : godpdk_errno();
}

int
godpdk_rcu_dq_reclaim(struct rte_rcu_qsbr_dq *dq, uintptr_t *elems, uint32_t *n, uint32_t *pending)
{
	struct freed f = { .elems = (char *)elems, .room = *n };
	int ret;

	freed = &f;
	rte_errno = 0;
	ret = rte_rcu_qsbr_dq_reclaim(dq, *n, NULL, pending, NULL);
	freed = NULL;
	*n = f.n;
	return ret == 0 ? 0 : godpdk_errno();
}

int
godpdk_rcu_dq_delete(struct rte_rcu_qsbr_dq *dq)
{
	rte_errno = 0;
	return rte_rcu_qsbr_dq_delete(dq) == 0 ? 0 : godpdk_errno();
}

#pragma GCC diagnostic pop
