//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_rwlock.h"

struct search {
	const uint32_t *base;
	uint32_t *before;
	size_t words;
	const uint32_t *found;
	unsigned int matches;
};

static void
copy(struct search *s)
{
	for (size_t i = 0; i < s->words; i++)
		s->before[i] = __atomic_load_n(&s->base[i], __ATOMIC_RELAXED);
	s->matches = 0;
}

/* Finds the word that has one reader more than in the copy. */
static void
compare(struct search *s)
{
	for (size_t i = 0; i < s->words; i++) {
		if (__atomic_load_n(&s->base[i], __ATOMIC_RELAXED) - s->before[i] == GODPDK_RWLOCK_READ) {
			s->found = &s->base[i];
			s->matches++;
		}
	}
}

static rte_rwlock_t *
result(const struct search *s)
{
	return s->matches == 1 ? (rte_rwlock_t *)(uintptr_t)s->found : NULL;
}

static rte_rwlock_t *
find(struct search *s, void (*lock)(void), void (*unlock)(void))
{
	copy(s);
	lock();
	compare(s);
	unlock();
	return result(s);
}

static void
compare_once(const struct rte_memzone *mz __rte_unused, void *arg)
{
	struct search *s = arg;

	if (s->matches == 0)
		compare(s);
}

static rte_rwlock_t *
find_memzones(struct search *s)
{
	copy(s);
	rte_memzone_walk(compare_once, s);
	return result(s);
}

static int
add_pages(const struct rte_memseg_list *msl, void *arg)
{
	struct godpdk_rwlocks *out = arg;

	if (!msl->external)
		out->pages[out->n_pages++] = (rte_rwlock_t *)(uintptr_t)&msl->memseg_arr.rwlock;
	return 0;
}

int
godpdk_rwlocks_find(const void *base, size_t len, struct godpdk_rwlocks *out)
{
	struct search s = { .base = base, .words = len / sizeof(uint32_t) };

	memset(out, 0, sizeof(*out));
	s.before = malloc(len);
	if (s.before == NULL)
		return ENOMEM;
	/* Each lock twice: another thread may have changed a word too. */
	for (int i = 0; i < 2; i++) {
		rte_rwlock_t *now[GODPDK_RWLOCKS] = {
			[GODPDK_RWLOCK_HOTPLUG] = find(&s, rte_mcfg_mem_read_lock, rte_mcfg_mem_read_unlock),
			[GODPDK_RWLOCK_MEMZONES] = find_memzones(&s),
			[GODPDK_RWLOCK_TAILQ] = find(&s, rte_mcfg_tailq_read_lock, rte_mcfg_tailq_read_unlock),
			[GODPDK_RWLOCK_MEMPOOLS] = find(&s, rte_mcfg_mempool_read_lock, rte_mcfg_mempool_read_unlock),
		};

		for (int k = 0; k < GODPDK_RWLOCKS; k++)
			out->lock[k] = i == 0 || out->lock[k] == now[k] ? now[k] : NULL;
	}
	free(s.before);
	rte_memseg_list_walk_thread_unsafe(add_pages, out);
	return 0;
}
