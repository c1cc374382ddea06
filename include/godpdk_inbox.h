/* SPDX-License-Identifier: BSD-3-Clause */
/* How a callback of DPDK's threads tells Go of something without calling it. */
#ifndef GODPDK_INBOX_H
#define GODPDK_INBOX_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The first member of what is put into an inbox. */
struct godpdk_inbox_node {
	struct godpdk_inbox_node *next;
};

/* A list that any thread adds to without a lock, and that a goroutine empties when the
 * eventfd wakes it. It grows as it must: nothing is lost. */
struct godpdk_inbox {
	struct godpdk_inbox_node *last; /* the last first */
	int fd;
};

#define GODPDK_INBOX { NULL, -1 }

/* The eventfd, made at the first call, or a negative errno. Go serialises. */
static inline int
godpdk_inbox_open(struct godpdk_inbox *in)
{
	if (in->fd < 0)
		in->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return in->fd < 0 ? -errno : in->fd;
}

/* Adds a node. It waits for nothing. */
static inline void
godpdk_inbox_put(struct godpdk_inbox *in, struct godpdk_inbox_node *n)
{
	struct godpdk_inbox_node *last = __atomic_load_n(&in->last, __ATOMIC_RELAXED);
	const uint64_t one = 1;

	do
		n->next = last;
	while (!__atomic_compare_exchange_n(&in->last, &last, n, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	/* A list that was not empty has its wake-up under way. */
	if (last == NULL && write(in->fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: it wakes all the same */
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
