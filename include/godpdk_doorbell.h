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

/* Zeroed memory is a doorbell. Align it to 64 bytes: then its word shares no cache line with other data. An odd word means that a thread sleeps, or is about to. A ring makes it even, so word / 2
 * counts the rings that found a sleeper. */
struct godpdk_doorbell {
	uint32_t word;
	uint32_t reserved[15];
};

_Static_assert(sizeof(struct godpdk_doorbell) == 64, "doorbell");

/* Wakes the threads that have armed the doorbell. Call it after the enqueue. */
static inline void
godpdk_doorbell_ring(struct godpdk_doorbell *d)
{
	uint32_t word;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	word = __atomic_load_n(&d->word, __ATOMIC_RELAXED);
	while (word & 1) {
		if (__atomic_compare_exchange_n(&d->word, &word, word + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
			syscall(SYS_futex, &d->word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
			return;
		}
	}
}

/* Arms the doorbell, and returns the key for godpdk_doorbell_wait. Then look at the ring once more. */
static inline uint32_t
godpdk_doorbell_arm(struct godpdk_doorbell *d)
{
	uint32_t key = __atomic_fetch_or(&d->word, 1, __ATOMIC_SEQ_CST) | 1;

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
