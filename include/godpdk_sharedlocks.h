/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: the locks in shared memory, which DPDK hides behind functions. */
#ifndef GODPDK_SHAREDLOCKS_H
#define GODPDK_SHAREDLOCKS_H

#ifndef ALLOW_EXPERIMENTAL_API
#define ALLOW_EXPERIMENTAL_API
#endif

#include "godpdk.h"

#include <rte_eal_memconfig.h>
#include <rte_fbarray.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_memzone.h>
#include <rte_rwlock.h>
#include <rte_spinlock.h>
#include <rte_version.h>

enum {
	GODPDK_LOCKS_MAX = RTE_MAX_MEMSEG_LISTS + RTE_MAX_HEAPS + 8,
	GODPDK_RWLOCK_READER = RTE_RWLOCK_READ,
};

/* One lock. Its word is 0 while it is free. */
struct godpdk_sharedlock {
	const char *name;
	void *word; /* 32 bits */
	bool rw;    /* a read-write lock; else a spinlock */
};

struct godpdk_sharedlocks {
	struct godpdk_sharedlock lock[GODPDK_LOCKS_MAX];
	uint32_t n;
	const struct rte_fbarray *memzones; /* NULL if it was not found */
};

_Static_assert(sizeof(rte_rwlock_t) == 4 && sizeof(rte_spinlock_t) == 4, "a lock is a word");

/* Finds the locks in the len bytes of shared configuration at base, in the order in which a thread that
 * holds one waits only for those before it. It takes each lock and looks for the word that changes. */
int godpdk_sharedlocks_find(const void *base, size_t len, struct godpdk_sharedlocks *out);

/* The bytes of hugepages that DPDK has at this moment. It takes no lock. */
uint64_t godpdk_shared_memory(void);

/* The lock of the owners of ports; NULL if no port has existed. It takes no lock. */
void *godpdk_sharedlocks_ethdev(const struct rte_fbarray *memzones);

#endif
