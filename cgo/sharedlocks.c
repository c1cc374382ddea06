//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_sharedlocks.h"

/* A search for the word in the shared configuration that a call changes from 0 to taken. */
struct search {
	const uint32_t *base;
	uint32_t *before;
	size_t words;
	uint32_t taken;
	const uint32_t *found;
	unsigned int matches;
	struct godpdk_sharedlocks *out; /* for heaps */
};

static void
copy(struct search *s)
{
	for (size_t i = 0; i < s->words; i++)
		s->before[i] = __atomic_load_n(&s->base[i], __ATOMIC_RELAXED);
	s->matches = 0;
	s->found = NULL;
}

static void
compare(struct search *s)
{
	s->matches = 0;
	for (size_t i = 0; i < s->words; i++) {
		if (s->before[i] == 0 && __atomic_load_n(&s->base[i], __ATOMIC_RELAXED) == s->taken) {
			s->found = &s->base[i];
			s->matches++;
		}
	}
}

static void
add(struct godpdk_sharedlocks *out, const char *name, const void *word, bool rw)
{
	if (word != NULL && out->n < GODPDK_LOCKS_MAX)
		out->lock[out->n++] = (struct godpdk_sharedlock){ name, (void *)(uintptr_t)word, rw };
}

/* Finds a lock that has functions. */
static void
find(struct search *s, const char *name, uint32_t taken, void (*lock)(void), void (*unlock)(void))
{
	const uint32_t *first = NULL;

	s->taken = taken;
	/* Twice: another thread may have changed a word too. */
	for (int i = 0; i < 2; i++) {
		copy(s);
		lock();
		compare(s);
		unlock();
		if (s->matches != 1 || (i == 1 && s->found != first))
			return;
		first = s->found;
	}
	add(s->out, name, first, taken == RTE_RWLOCK_READ);
}

static void
compare_once(const struct rte_memzone *mz __rte_unused, void *arg)
{
	struct search *s = arg;

	if (s->matches == 0)
		compare(s);
}

/* The lock of the memzones has no functions. There must be a memzone. */
static void
find_memzones(struct search *s)
{
	s->taken = RTE_RWLOCK_READ;
	copy(s);
	rte_memzone_walk(compare_once, s);
	add(s->out, "memzones", s->matches == 1 ? s->found : NULL, true);
}

/* rte_malloc_dump_heaps writes while it holds the lock of a heap. */
static ssize_t
dumping(void *arg, const char *text __rte_unused, size_t len)
{
	struct search *s = arg;

	if (s->found != NULL && __atomic_load_n(s->found, __ATOMIC_RELAXED) == s->taken)
		return len; /* still the same heap */
	compare(s);
	if (s->matches == 1)
		add(s->out, "heap", s->found, false);
	else
		s->found = NULL;
	return len;
}

static void
find_heaps(struct search *s)
{
	FILE *f = fopencookie(s, "w", (cookie_io_functions_t){ .write = dumping });

	if (f == NULL)
		return;
	setvbuf(f, NULL, _IONBF, 0);
	s->taken = 1;
	copy(s);
	rte_malloc_dump_heaps(f);
	fclose(f);
}

static int
add_pages(const struct rte_memseg_list *msl, void *arg)
{
	if (!msl->external)
		add(arg, "page table", &msl->memseg_arr.rwlock, true);
	return 0;
}

/* The table of the memzones is in the configuration too. */
static const struct rte_fbarray *
memzone_table(const void *base, size_t len)
{
	for (size_t at = 0; at + sizeof(struct rte_fbarray) <= len; at += 8) {
		const struct rte_fbarray *arr = RTE_PTR_ADD(base, at);

		if (strcmp(arr->name, "memzone") == 0 && arr->elt_sz == sizeof(struct rte_memzone))
			return arr;
	}
	return NULL;
}

int
godpdk_sharedlocks_find(const void *base, size_t len, struct godpdk_sharedlocks *out)
{
	struct search s = { .base = base, .words = len / sizeof(uint32_t), .out = out };

	memset(out, 0, sizeof(*out));
	s.before = malloc(len);
	if (s.before == NULL)
		return ENOMEM;
	rte_memseg_list_walk_thread_unsafe(add_pages, out);
	out->memzones = memzone_table(base, len);
	if (out->memzones != NULL)
		add(out, "memzone table", &out->memzones->rwlock, true);
	find(&s, "memory hotplug", RTE_RWLOCK_READ, rte_mcfg_mem_read_lock, rte_mcfg_mem_read_unlock);
	find_heaps(&s);
	find_memzones(&s);
	find(&s, "tailq", RTE_RWLOCK_READ, rte_mcfg_tailq_read_lock, rte_mcfg_tailq_read_unlock);
	find(&s, "mempools", RTE_RWLOCK_READ, rte_mcfg_mempool_read_lock, rte_mcfg_mempool_read_unlock);
	find(&s, "timers", 1, rte_mcfg_timer_lock, rte_mcfg_timer_unlock);
	free(s.before);
	return 0;
}

static int
add_memory(const struct rte_memseg_list *msl, void *arg)
{
	if (!msl->external)
		*(uint64_t *)arg += msl->memseg_arr.count * msl->page_sz;
	return 0;
}

uint64_t
godpdk_shared_memory(void)
{
	uint64_t bytes = 0;

	rte_memseg_list_walk_thread_unsafe(add_memory, &bytes);
	return bytes;
}

#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
/* Internal: the header forbids calls of it under its own name. */
extern rte_spinlock_t *get_ethdev_lock(void) __asm__("rte_mcfg_ethdev_get_lock") __attribute__((weak));

void *
godpdk_sharedlocks_ethdev(const struct rte_fbarray *memzones __rte_unused)
{
	return get_ethdev_lock == NULL ? NULL : get_ethdev_lock();
}
#else
/* Private in ethdev_private.h. */
struct eth_dev_shared {
	uint64_t next_owner_id;
	rte_spinlock_t ownership_lock;
};

void *
godpdk_sharedlocks_ethdev(const struct rte_fbarray *memzones)
{
	const struct rte_memzone *mz = memzones == NULL ? NULL : memzones->data;

	for (unsigned int i = 0; mz != NULL && i < memzones->len; i++) {
		if (mz[i].addr != NULL && strcmp(mz[i].name, "rte_eth_dev_data") == 0)
			return &((struct eth_dev_shared *)mz[i].addr)->ownership_lock;
	}
	return NULL;
}
#endif
