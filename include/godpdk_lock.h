/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: the layouts of the locks that Go implements. */
#ifndef GODPDK_LOCK_H
#define GODPDK_LOCK_H

/* Phase-fair and sequence locks are experimental in 22.11. */
#ifndef ALLOW_EXPERIMENTAL_API
#define ALLOW_EXPERIMENTAL_API
#endif

#include "godpdk.h"

#include <rte_mcslock.h>
#include <rte_memory.h>
#include <rte_pflock.h>
#include <rte_rwlock.h>
#include <rte_seqlock.h>
#include <rte_spinlock.h>
#include <rte_ticketlock.h>

enum {
	GODPDK_SPINLOCK_SIZEOF = sizeof(rte_spinlock_t),
	GODPDK_TICKETLOCK_SIZEOF = sizeof(rte_ticketlock_t),
	GODPDK_TICKETLOCK_ALIGN = _Alignof(rte_ticketlock_t),
	GODPDK_TICKETLOCK_NEXT = offsetof(rte_ticketlock_t, s.next),
	GODPDK_MCSLOCK_SIZEOF = sizeof(rte_mcslock_t),
	GODPDK_MCSLOCK_LOCKED = offsetof(rte_mcslock_t, locked),
	GODPDK_RWLOCK_SIZEOF = sizeof(rte_rwlock_t),
	GODPDK_PFLOCK_SIZEOF = sizeof(rte_pflock_t),
	GODPDK_PFLOCK_ALIGN = _Alignof(rte_pflock_t),
	GODPDK_PFLOCK_RD_OUT = offsetof(rte_pflock_t, rd.out),
	GODPDK_PFLOCK_WR = offsetof(rte_pflock_t, wr),
	GODPDK_SEQCOUNT_SIZEOF = sizeof(rte_seqcount_t),
	GODPDK_SEQLOCK_SIZEOF = sizeof(rte_seqlock_t),
	GODPDK_SEQLOCK_LOCK = offsetof(rte_seqlock_t, lock),
};

_Static_assert(offsetof(rte_ticketlock_t, s.current) == 0, "ticket lock");
_Static_assert(offsetof(rte_mcslock_t, next) == 0, "MCS lock");
_Static_assert(sizeof(((rte_mcslock_t *)NULL)->locked) == 4, "MCS lock");
_Static_assert(offsetof(rte_pflock_t, rd.in) == 0, "phase-fair lock");
_Static_assert(offsetof(rte_seqlock_t, count) == 0, "sequence lock");

#endif
