/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: messages between processes. */
#ifndef GODPDK_IPC_H
#define GODPDK_IPC_H

#include <sys/socket.h>
#include <sys/un.h>

#include "godpdk.h"
#include "godpdk_inbox.h"

#include <rte_eal.h>

/* The format of DPDK's sockets, without the descriptors, which are ancillary data:
 * eal_common_proc.c sends it. It is private to DPDK, so package ipc compares it with the
 * output of rte_mp_reply before it sends any. */
struct godpdk_mp_wire {
	int type;
	struct rte_mp_msg msg;
};

enum {
	GODPDK_MP_MSG,
	GODPDK_MP_REQ,
	GODPDK_MP_REP,
	GODPDK_MP_IGN, /* the reply of a process that is still starting */

	GODPDK_MP_NAME = offsetof(struct godpdk_mp_wire, msg.name),
	GODPDK_MP_LEN_PARAM = offsetof(struct godpdk_mp_wire, msg.len_param),
	GODPDK_MP_NUM_FDS = offsetof(struct godpdk_mp_wire, msg.num_fds),
	GODPDK_MP_PARAM = offsetof(struct godpdk_mp_wire, msg.param),
	GODPDK_MP_WIRE = sizeof(struct godpdk_mp_wire) - sizeof(((struct rte_mp_msg *)NULL)->fds),
};

_Static_assert(sizeof(((struct rte_mp_msg *)NULL)->len_param) == 4, "len_param");
_Static_assert(sizeof(((struct rte_mp_msg *)NULL)->num_fds) == 4, "num_fds");
_Static_assert(GODPDK_MP_WIRE >= GODPDK_MP_PARAM + RTE_MP_MAX_PARAM_LEN, "param");

/* A received message with a copy of its sender's address. */
struct godpdk_mp_node {
	struct godpdk_inbox_node node;
	int missing; /* announced descriptors that did not arrive */
	char peer[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct rte_mp_msg msg;
};

/* The name of the question whether a name has an action. Its content is that name; the
 * reply is "y" or "n". */
#define GODPDK_MP_HAS "godpdk_mp_has"

/* rte_mp_action_register of GODPDK_MP_HAS; fd is DPDK's socket. Returns 0 or a positive errno. */
int godpdk_mp_answer(int fd);

/* godpdk_inbox_open of the messages. */
int godpdk_mp_open(void);

/* godpdk_inbox_wait for messages. */
void godpdk_mp_wait(void);

/* Takes all messages in FIFO order. */
struct godpdk_mp_node *godpdk_mp_take(void);

/* Frees the first message of the list and returns the rest. */
struct godpdk_mp_node *godpdk_mp_drop(struct godpdk_mp_node *n);

/* rte_mp_action_register: 0 or a positive errno. */
int godpdk_mp_register(const char *name);

/* rte_mp_reply to a peer with the name as content: 0 or a positive errno. */
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
