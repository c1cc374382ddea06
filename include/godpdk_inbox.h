/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue from callbacks on DPDK's threads to Go. A callback does not call Go. */
#ifndef GODPDK_INBOX_H
#define GODPDK_INBOX_H

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first member of each element. */
struct godpdk_inbox_node {
	struct godpdk_inbox_node *next;
};

/* A lock-free list. Any thread adds to it. A goroutine that the pipe wakes, or a thread that
 * waits, empties it. It has no limit, so no element is lost. */
struct godpdk_inbox {
	struct godpdk_inbox_node *last; /* in LIFO order */
	int fds[2];                     /* a pipe: reading an eventfd would wake Go's poller too */
	uint32_t waits;                 /* 1: a thread is in godpdk_inbox_wait */
};

#define GODPDK_INBOX { NULL, { -1, -1 }, 0 }

/* Returns the pipe's reading end or a negative errno. The first call creates the pipe. Go
 * serializes the calls. */
static inline int
godpdk_inbox_open(struct godpdk_inbox *in)
{
	if (in->fds[0] < 0 && pipe2(in->fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	return in->fds[0];
}

/* Adds a node without waiting. */
static inline void
godpdk_inbox_put(struct godpdk_inbox *in, struct godpdk_inbox_node *n)
{
	struct godpdk_inbox_node *last = __atomic_load_n(&in->last, __ATOMIC_RELAXED);

	do
		n->next = last;
	while (!__atomic_compare_exchange_n(&in->last, &last, n, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (last != NULL)
		return; /* another thread is waking the reader */
	if (__atomic_exchange_n(&in->waits, 0, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &in->waits, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	else if (write(in->fds[1], "", 1) < 0)
		return; /* a full pipe wakes the reader too */
}

/* Waits until there is a node, on one thread at a time. The pipe becomes readable only while
 * no thread waits. */
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

/* Takes all nodes in FIFO order. */
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
