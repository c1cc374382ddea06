/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_rcu: quiescent state based reclamation. */
#ifndef GODPDK_RCU_H
#define GODPDK_RCU_H

#include "godpdk.h"

#include <rte_memzone.h>
#include <rte_rcu_qsbr.h>

/* The fields that Go reads and writes. */
enum {
	GODPDK_RCU_TOKEN = offsetof(struct rte_rcu_qsbr, token),
	GODPDK_RCU_CNT = offsetof(struct rte_rcu_qsbr, qsbr_cnt) + offsetof(struct rte_rcu_qsbr_cnt, cnt),
	GODPDK_RCU_STRIDE = sizeof(struct rte_rcu_qsbr_cnt),
	/* The word of a reader's owner, in padding after the counter that C does not use. */
	GODPDK_RCU_OWNER = sizeof(struct rte_rcu_qsbr_cnt) - 8,
#ifdef RTE_LIBRTE_RCU_DEBUG
	GODPDK_RCU_DEBUG = 1,
#else
	GODPDK_RCU_DEBUG = 0,
#endif
};

_Static_assert(sizeof(((struct rte_rcu_qsbr *)0)->token) == 8, "Go loads 64 bits");
_Static_assert(sizeof(((struct rte_rcu_qsbr_cnt *)0)->cnt) == 8, "Go stores 64 bits");
_Static_assert(sizeof(struct rte_rcu_qsbr_cnt) >= 32, "a reader's line has no room for its owner");
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

struct godpdk_rcu_search {
	const char *name;
	struct rte_rcu_qsbr *v;
	uint32_t max_threads;
	int err;
};

/* rte_memzone_lookup with a check: EAGAIN if the zone does not hold a complete variable. */
struct godpdk_rcu_search godpdk_rcu_lookup(const char *name);

/* rte_rcu_qsbr_thread_register, offline: EEXIST if the id is registered. This function and
 * those below return ENOENT if the zone of that name is not at v. */
int godpdk_rcu_register(const char *name, struct rte_rcu_qsbr *v, uint32_t id);

/* rte_rcu_qsbr_thread_offline and rte_rcu_qsbr_thread_unregister, so that nobody waits for
 * the last value of the counter: ENOENT if the id is not registered. */
int godpdk_rcu_unregister(const char *name, struct rte_rcu_qsbr *v, uint32_t id);

/* Copies the ids and counters of at most *n registered threads; *n becomes their number. */
int godpdk_rcu_readers(const char *name, struct rte_rcu_qsbr *v, uint32_t *ids, uint64_t *cnts, uint32_t *n);

/* A reader that godpdk_rcu_release has unregistered. */
struct godpdk_rcu_released {
	char name[RTE_MEMZONE_NAMESIZE];
	uint32_t id;
};

/* Unregisters the readers with this owner from all variables. by is the owner meanwhile. Stores at most *n
 * readers; *n becomes their number. */
void godpdk_rcu_release(uint32_t dead, uint32_t by, struct godpdk_rcu_released *r, uint32_t *n);

/* The number of registered threads; 0 if the variable was freed. */
uint32_t godpdk_rcu_count(const char *name, struct rte_rcu_qsbr *v);

struct godpdk_rcu_check {
	struct rte_rcu_qsbr *v;
	uint64_t token;
};

/* rte_rcu_qsbr_check without waiting, of a struct godpdk_rcu_check, for fastcall. */
int32_t godpdk_rcu_check(void *arg);

/* rte_rcu_qsbr_dump. */
struct godpdk_text godpdk_rcu_dump(const char *name, struct rte_rcu_qsbr *v);

/* rte_rcu_qsbr_dq_create. */
struct godpdk_ptr godpdk_rcu_dq_create(const char *name, struct rte_rcu_qsbr *v, uint32_t flags, uint32_t size,
				       uint32_t esize, uint32_t trigger, uint32_t max_reclaim);

/* rte_rcu_qsbr_dq_enqueue: *n, the room in elems, becomes the number of freed elements. */
int godpdk_rcu_dq_enqueue(struct rte_rcu_qsbr_dq *dq, uintptr_t *elem, uintptr_t *elems, uint32_t *n);

/* rte_rcu_qsbr_dq_reclaim of *n elements into elems; *n becomes their number. */
int godpdk_rcu_dq_reclaim(struct rte_rcu_qsbr_dq *dq, uintptr_t *elems, uint32_t *n, uint32_t *pending);

/* rte_rcu_qsbr_dq_delete of an empty queue. */
int godpdk_rcu_dq_delete(struct rte_rcu_qsbr_dq *dq);

#endif
