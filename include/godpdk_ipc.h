/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: messages between processes. One Go file includes this: it has state. */
#ifndef GODPDK_IPC_H
#define GODPDK_IPC_H

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include "godpdk.h"
#include "godpdk_inbox.h"

#include <rte_eal.h>

/* What goes over the sockets: eal_common_proc.c sends this without the descriptors,
 * which travel beside it. It is DPDK's own affair, so package ipc has rte_mp_reply
 * write to itself and compares before it writes any. */
struct godpdk_mp_wire {
	int type;
	struct rte_mp_msg msg;
};

enum {
	GODPDK_MP_MSG,
	GODPDK_MP_REQ,
	GODPDK_MP_REP,
	GODPDK_MP_IGN, /* "count me out": from a process that is still starting */

	GODPDK_MP_NAME = offsetof(struct godpdk_mp_wire, msg.name),
	GODPDK_MP_LEN_PARAM = offsetof(struct godpdk_mp_wire, msg.len_param),
	GODPDK_MP_NUM_FDS = offsetof(struct godpdk_mp_wire, msg.num_fds),
	GODPDK_MP_PARAM = offsetof(struct godpdk_mp_wire, msg.param),
	GODPDK_MP_WIRE = sizeof(struct godpdk_mp_wire) - sizeof(((struct rte_mp_msg *)NULL)->fds),
};

_Static_assert(sizeof(((struct rte_mp_msg *)NULL)->len_param) == 4, "len_param");
_Static_assert(sizeof(((struct rte_mp_msg *)NULL)->num_fds) == 4, "num_fds");
_Static_assert(GODPDK_MP_WIRE >= GODPDK_MP_PARAM + RTE_MP_MAX_PARAM_LEN, "param");

/* A message that came, with a copy of its sender's address. */
struct godpdk_mp_node {
	struct godpdk_inbox_node node;
	char peer[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct rte_mp_msg msg;
};

static struct godpdk_inbox godpdk_mp_inbox = GODPDK_INBOX;

/* The action of all names. It runs on DPDK's only thread for messages, which
 * rte_eal_cleanup cancels wherever it is: so it calls no Go and waits for nothing. */
static int
godpdk_mp_action(const struct rte_mp_msg *msg, const void *peer)
{
	struct godpdk_mp_node *n = malloc(sizeof(*n));
	int i;

	if (n == NULL) {
		for (i = 0; i < msg->num_fds; i++)
			close(msg->fds[i]);
		return -1;
	}
	n->msg = *msg;
	snprintf(n->peer, sizeof(n->peer), "%s", (const char *)peer);
	for (i = 0; i < msg->num_fds; i++) /* which recvmsg did not */
		fcntl(msg->fds[i], F_SETFD, FD_CLOEXEC);
	godpdk_inbox_put(&godpdk_mp_inbox, &n->node);
	return 0;
}

/* godpdk_inbox_open of the messages. */
static inline int
godpdk_mp_open(void)
{
	return godpdk_inbox_open(&godpdk_mp_inbox);
}

/* godpdk_inbox_wait for messages. */
static inline void
godpdk_mp_wait(void)
{
	godpdk_inbox_wait(&godpdk_mp_inbox);
}

/* Takes all messages, the first first. */
static inline struct godpdk_mp_node *
godpdk_mp_take(void)
{
	return (struct godpdk_mp_node *)godpdk_inbox_take(&godpdk_mp_inbox);
}

/* Frees the first of the list; returns the rest. */
static inline struct godpdk_mp_node *
godpdk_mp_drop(struct godpdk_mp_node *n)
{
	struct godpdk_mp_node *next = (struct godpdk_mp_node *)n->node.next;

	free(n);
	return next;
}

/* rte_mp_action_register; returns 0 or a positive errno. */
static inline int
godpdk_mp_register(const char *name)
{
	rte_errno = 0;
	return rte_mp_action_register(name, godpdk_mp_action) < 0 ? godpdk_errno() : 0;
}

/* rte_mp_reply to a peer, with the name as its content. Returns 0 or a positive errno. */
static inline int
godpdk_mp_reply(const char *name, const char *peer)
{
	struct rte_mp_msg msg = { .len_param = strlen(name) };

	snprintf(msg.name, sizeof(msg.name), "%s", name);
	memcpy(msg.param, name, msg.len_param);
	rte_errno = 0;
	return rte_mp_reply(&msg, peer) < 0 ? godpdk_errno() : 0;
}

#endif
