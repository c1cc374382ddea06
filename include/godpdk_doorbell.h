/* SPDX-License-Identifier: BSD-3-Clause */
/* A doorbell in shared memory, for C programs: see package dpdk/doorbell. It needs no DPDK. */
#ifndef GODPDK_DOORBELL_H
#define GODPDK_DOORBELL_H

#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Zeroed memory is a doorbell. Align it to 64 bytes: then its word shares no cache line with other data. Bit 0
 * (armed) means that a thread sleeps, or is about to. A ring clears it, adds 4, and sets bit 1 (waking) until it has woken
 * the threads. So word / 4 counts the rings that found the doorbell armed. */
struct godpdk_doorbell {
	uint32_t word;
	uint32_t reserved[15];
};

_Static_assert(sizeof(struct godpdk_doorbell) == 64, "doorbell");

enum {
	GODPDK_DOORBELL_ARMED = 1,
	GODPDK_DOORBELL_WAKING = 2,
	GODPDK_DOORBELL_RUNG = 4,
};

/* Wakes the threads that have armed the doorbell. Call it after the enqueue. Another ring that is waking them may be stopped or
 * dead, so this one wakes them too. */
static inline void
godpdk_doorbell_ring(struct godpdk_doorbell *d)
{
	const uint32_t armed = GODPDK_DOORBELL_ARMED, waking = GODPDK_DOORBELL_WAKING;
	uint32_t word, now;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	word = __atomic_load_n(&d->word, __ATOMIC_RELAXED);
	while (word & armed) {
		uint32_t next = ((word & ~armed) + GODPDK_DOORBELL_RUNG) | waking;

		if (__atomic_compare_exchange_n(&d->word, &word, next, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
			word = next;
			break;
		}
	}
	if ((word & waking) == 0)
		return;
	syscall(SYS_futex, &d->word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	/* Threads may have armed it meanwhile. The bit stays if there was another ring, which wakes again. */
	now = __atomic_load_n(&d->word, __ATOMIC_RELAXED);
	while ((now & ~armed) == word) {
		if (__atomic_compare_exchange_n(&d->word, &now, now & ~waking, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			break;
	}
}

/* Arms the doorbell, and returns the key for godpdk_doorbell_wait. Then look at the ring once more. */
static inline uint32_t
godpdk_doorbell_arm(struct godpdk_doorbell *d)
{
	uint32_t key = __atomic_fetch_or(&d->word, GODPDK_DOORBELL_ARMED, __ATOMIC_SEQ_CST) | GODPDK_DOORBELL_ARMED;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return key;
}

/* Sleeps until a ring since godpdk_doorbell_arm, a signal, or for at most ns nanoseconds. */
static inline void
godpdk_doorbell_wait(struct godpdk_doorbell *d, uint32_t key, uint64_t ns)
{
	struct timespec most = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	syscall(SYS_futex, &d->word, FUTEX_WAIT, key, &most, NULL, 0);
}

#endif
