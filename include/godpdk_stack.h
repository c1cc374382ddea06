/* SPDX-License-Identifier: BSD-3-Clause */
/* The stores of pools with the ops "stack" and "lf_stack": a list of their objects, and the repair
 * of a lock-free one after a process was killed inside it. */
#ifndef GODPDK_STACK_H
#define GODPDK_STACK_H

#include "godpdk_mempool.h"

/* Its inline functions use 128-bit operations, which 22.11 calls experimental. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <rte_stack.h>
#pragma GCC diagnostic pop

enum {
	GODPDK_STACK_NAMESIZE = RTE_STACK_NAMESIZE,
	GODPDK_STACK_FLAGS = offsetof(struct rte_stack, flags),
	GODPDK_STACK_USED = offsetof(struct rte_stack, stack_lf.used),
	GODPDK_STACK_FREE = offsetof(struct rte_stack, stack_lf.free),
	GODPDK_STACK_ELEMS = offsetof(struct rte_stack, stack_lf.elems),
	GODPDK_STACK_LIST_LEN = offsetof(struct rte_stack_lf_list, len),
	GODPDK_STACK_HEAD_CNT = offsetof(struct rte_stack_lf_head, cnt),
	GODPDK_STACK_ELEM_NEXT = offsetof(struct rte_stack_lf_elem, next),
#ifdef RTE_STACK_LF_SUPPORTED
	GODPDK_STACK_LF = 1,
#else
	GODPDK_STACK_LF = 0,
#endif
};

_Static_assert(sizeof(((struct rte_stack *)0)->flags) == 4, "a stack's flags");
_Static_assert(offsetof(struct rte_stack_lf_list, head) == 0 && offsetof(struct rte_stack_lf_head, top) == 0 &&
	       offsetof(struct rte_stack_lf_elem, data) == 0, "what comes first");

/* The lists of a lock-free stack. Each push and pop changes it. */
struct godpdk_stack_state {
	uint64_t used_top, used_changes, used_len;
	uint64_t free_top, free_changes, free_len;
};

/* A look at a store. Entries that are in neither list, and lengths that are wrong, are what
 * killed processes have left. */
struct godpdk_stack_look {
	struct godpdk_stack_state state; /* zero for a stack with a lock */
	uint32_t objects; /* in the store */
	uint32_t lost; /* entries in neither list */
};

/* Stores the addresses of the objects in the store, at most max, and describes the store. 0 or
 * a positive errno: ENOENT if the pool was freed, ENOTSUP if it does not store its objects in
 * a stack, EBUSY if another thread uses the store, EUCLEAN if it is damaged. */
int godpdk_stack_look(const char *name, struct rte_mempool *mp, uintptr_t *out, uint32_t max, struct godpdk_stack_look *l);

/* Returns the lost entries of a lock-free stack to its free list, and corrects the lengths, if
 * the state is the expected one. The errors are those of godpdk_stack_look. No thread may be
 * inside the store. */
int godpdk_stack_repair(const char *name, struct rte_mempool *mp, const struct godpdk_stack_state *expected);

#endif
