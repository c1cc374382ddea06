/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: the read-write locks in shared memory, which DPDK hides behind functions. */
#ifndef GODPDK_RWLOCK_H
#define GODPDK_RWLOCK_H

#include "godpdk.h"

#include <rte_eal_memconfig.h>
#include <rte_memory.h>
#include <rte_memzone.h>
#include <rte_rwlock.h>

/* Releases before 21.05 count readers from 1, and a writer is -1. */
#ifdef RTE_RWLOCK_READ
#define GODPDK_RWLOCK_READ RTE_RWLOCK_READ
#else
#define GODPDK_RWLOCK_READ 1
#endif

/* The locks, in the order in which they may be taken last: a thread with one of them waits only for
 * those before it. */
enum {
	GODPDK_RWLOCK_HOTPLUG,
	GODPDK_RWLOCK_MEMZONES,
	GODPDK_RWLOCK_TAILQ,
	GODPDK_RWLOCK_MEMPOOLS,
	GODPDK_RWLOCKS,
};

struct godpdk_rwlocks {
	rte_rwlock_t *lock[GODPDK_RWLOCKS]; /* NULL if it was not found */
	rte_rwlock_t *pages[RTE_MAX_MEMSEG_LISTS]; /* of the page tables: taken after all others */
	uint32_t n_pages;
};

/* Finds the locks in the len bytes of shared configuration at base. It takes each lock once and looks
 * for the word that changes. */
int godpdk_rwlocks_find(const void *base, size_t len, struct godpdk_rwlocks *out);

/* The number of readers of a lock. */
static inline uint32_t
godpdk_rwlock_readers(const rte_rwlock_t *lock)
{
	int32_t n = __atomic_load_n(&lock->cnt, __ATOMIC_ACQUIRE);

	return n > 0 ? (uint32_t)n / GODPDK_RWLOCK_READ : 0;
}

#endif
