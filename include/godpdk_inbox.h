/* SPDX-License-Identifier: BSD-3-Clause */
/* How a callback of DPDK's threads tells Go of something without calling it. */
#ifndef GODPDK_INBOX_H
#define GODPDK_INBOX_H

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first member of what is put into an inbox. */
struct godpdk_inbox_node {
	struct godpdk_inbox_node *next;
};

/* A list that any thread adds to without a lock, and that a goroutine empties when the
 * pipe wakes it, or a thread that waits for it. It grows as it must: nothing is lost. */
struct godpdk_inbox {
	struct godpdk_inbox_node *last; /* the last first */
	int fds[2];                     /* a pipe: an eventfd wakes Go's poller when it is read, too */
	uint32_t waits;                 /* 1: a thread is in godpdk_inbox_wait */
};

#define GODPDK_INBOX { NULL, { -1, -1 }, 0 }

/* The pipe's reading end, made at the first call, or a negative errno. Go serialises. */
static inline int
godpdk_inbox_open(struct godpdk_inbox *in)
{
	if (in->fds[0] < 0 && pipe2(in->fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	return in->fds[0];
}

/* Adds a node. It waits for nothing. */
static inline void
godpdk_inbox_put(struct godpdk_inbox *in, struct godpdk_inbox_node *n)
{
	struct godpdk_inbox_node *last = __atomic_load_n(&in->last, __ATOMIC_RELAXED);

	do
		n->next = last;
	while (!__atomic_compare_exchange_n(&in->last, &last, n, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (last != NULL)
		return; /* a wake-up is under way */
	if (__atomic_exchange_n(&in->waits, 0, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &in->waits, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	else if (write(in->fds[1], "", 1) < 0)
		return; /* the pipe is full: it wakes all the same */
}

/* Waits until there is a node. One thread at a time: while none waits, it is the pipe
 * that tells of nodes. */
static inline void
godpdk_inbox_wait(struct godpdk_inbox *in)
{
	uint32_t one = 1;

	__atomic_store_n(&in->waits, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&in->last, __ATOMIC_SEQ_CST) != NULL &&
	    __atomic_compare_exchange_n(&in->waits, &one, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	while (__atomic_load_n(&in->waits, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &in->waits, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
}

/* Takes all nodes, the first first. */
static inline struct godpdk_inbox_node *
godpdk_inbox_take(struct godpdk_inbox *in)
{
	struct godpdk_inbox_node *n = __atomic_exchange_n(&in->last, NULL, __ATOMIC_ACQUIRE);
	struct godpdk_inbox_node *list = NULL;

	while (n != NULL) {
		struct godpdk_inbox_node *next = n->next;

		n->next = list;
		list = n;
		n = next;
	}
	return list;
}

#endif
