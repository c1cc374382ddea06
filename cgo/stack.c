//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_stack.h"

static void
state(const struct rte_stack_lf *lf, struct godpdk_stack_state *s)
{
	s->used_top = (uintptr_t)__atomic_load_n(&lf->used.head.top, __ATOMIC_ACQUIRE);
	s->used_changes = __atomic_load_n(&lf->used.head.cnt, __ATOMIC_ACQUIRE);
	s->used_len = __atomic_load_n(&lf->used.len, __ATOMIC_ACQUIRE);
	s->free_top = (uintptr_t)__atomic_load_n(&lf->free.head.top, __ATOMIC_ACQUIRE);
	s->free_changes = __atomic_load_n(&lf->free.head.cnt, __ATOMIC_ACQUIRE);
	s->free_len = __atomic_load_n(&lf->free.len, __ATOMIC_ACQUIRE);
}

/* Marks the entries of a list, and stores their objects at out unless it is NULL. Returns the number
 * of entries, or -1 if this is not a list of unmarked entries. */
static int64_t
walk(const struct rte_stack *s, uint64_t top, uint8_t *seen, uintptr_t *out, uint32_t max)
{
	const struct rte_stack_lf_elem *e = (const void *)(uintptr_t)top, *all = s->stack_lf.elems;
	int64_t n = 0;

	for (; e != NULL; e = e->next) {
		size_t i = ((uintptr_t)e - (uintptr_t)all) / sizeof(*e);

		if (i >= s->capacity || e != &all[i] || seen[i] || n == max)
			return -1;
		seen[i] = 1;
		if (out != NULL)
			out[n] = (uintptr_t)e->data;
		n++;
	}
	return n;
}

/* Looks at a lock-free stack. seen has capacity zeros. */
static int
look(const struct rte_stack *s, uint8_t *seen, uintptr_t *out, uint32_t max, struct godpdk_stack_look *l,
     int64_t *used, int64_t *free)
{
	struct godpdk_stack_state after;

	state(&s->stack_lf, &l->state);
	*used = walk(s, l->state.used_top, seen, out, max);
	*free = *used < 0 ? -1 : walk(s, l->state.free_top, seen, NULL, s->capacity);
	state(&s->stack_lf, &after);
	if (memcmp(&after, &l->state, sizeof(after)) != 0)
		return EBUSY;
	if (*used < 0 || *free < 0)
		return EUCLEAN;
	l->objects = *used;
	l->lost = s->capacity - *used - *free;
	return 0;
}

static int
look_locked(struct rte_stack *s, uintptr_t *out, uint32_t max, struct godpdk_stack_look *l)
{
	struct rte_stack_std *std = &s->stack_std;
	int err = 0;

	if (!rte_spinlock_trylock(&std->lock))
		return EBUSY;
	if (std->len <= max) {
		memcpy(out, std->objs, std->len * sizeof(*out));
		l->objects = std->len;
	} else {
		err = EUCLEAN;
	}
	rte_spinlock_unlock(&std->lock);
	return err;
}

/* The stack of a pool, or NULL. The caller holds the lock of the pools. */
static struct rte_stack *
stack_of(const struct rte_mempool *mp)
{
	if ((mp->flags & RTE_MEMPOOL_F_POOL_CREATED) == 0 || !godpdk_tailq_has(GODPDK_TAILQ_STACK, mp->pool_data))
		return NULL;
	return mp->pool_data;
}

int
godpdk_stack_look(const char *name, struct rte_mempool *mp, uintptr_t *out, uint32_t max, struct godpdk_stack_look *l)
{
	int err = ENOTSUP;
	struct rte_stack *s;

	memset(l, 0, sizeof(*l));
	if (!godpdk_mempool_enter(name, mp))
		return ENOENT;
	s = stack_of(mp);
	if (s != NULL && (s->flags & RTE_STACK_F_LF) == 0) {
		err = look_locked(s, out, max, l);
	} else if (s != NULL) {
		uint8_t *seen = calloc(s->capacity, 1);
		int64_t used, free_;

		err = seen != NULL ? look(s, seen, out, max, l, &used, &free_) : ENOMEM;
		free(seen);
	}
	godpdk_mempool_unlock();
	return err;
}

/* Pushes the unmarked entries to the free list. */
static void
give_back(struct rte_stack *s, const uint8_t *seen)
{
	struct rte_stack_lf_elem *first = NULL, *end = NULL;
	unsigned int n = 0;

	for (uint32_t i = 0; i < s->capacity; i++) {
		struct rte_stack_lf_elem *e = &s->stack_lf.elems[i];

		if (seen[i])
			continue;
		e->next = first;
		if (first == NULL)
			end = e;
		first = e;
		n++;
	}
	if (n != 0)
		__rte_stack_lf_push_elems(&s->stack_lf.free, first, end, n);
}

int
godpdk_stack_repair(const char *name, struct rte_mempool *mp, const struct godpdk_stack_state *expected)
{
	struct godpdk_stack_look now;
	int64_t used, free_;
	struct rte_stack *s;
	uint8_t *seen = NULL;
	int err = ENOTSUP;

	if (!godpdk_mempool_enter(name, mp))
		return ENOENT;
	s = stack_of(mp);
	if (s != NULL && (s->flags & RTE_STACK_F_LF) != 0) {
		seen = calloc(s->capacity, 1);
		err = seen != NULL ? look(s, seen, NULL, s->capacity, &now, &used, &free_) : ENOMEM;
	}
	if (err == 0 && memcmp(&now.state, expected, sizeof(now.state)) != 0)
		err = EBUSY;
	if (err == 0) {
		/* A killed process lowers a length before it takes entries, and raises one after it has
		 * added entries: a length is never too large. */
		__atomic_add_fetch(&s->stack_lf.used.len, used - now.state.used_len, __ATOMIC_RELEASE);
		__atomic_add_fetch(&s->stack_lf.free.len, free_ - now.state.free_len, __ATOMIC_RELEASE);
		give_back(s, seen);
	}
	free(seen);
	godpdk_mempool_unlock();
	return err;
}
