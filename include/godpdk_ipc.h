/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: messages between processes. One Go file includes this: it has state. */
#ifndef GODPDK_IPC_H
#define GODPDK_IPC_H

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
	int missing; /* descriptors that it speaks of and that did not come */
	char peer[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct rte_mp_msg msg;
};

static struct godpdk_inbox godpdk_mp_inbox = GODPDK_INBOX;

/* The standard files at the start, which have no close-on-exec. One that was closed since
 * makes its number free for a descriptor that comes. */
static struct stat godpdk_mp_standard[STDERR_FILENO + 1];

/* Whether a descriptor came with the message that is being handled. rte_mp does not
 * say: it leaves the numbers of earlier messages behind those that came. recvmsg has just
 * made those that came, without close-on-exec. All that Go has opened has the flag, and
 * so has what came before and what DPDK has open. */
static inline int
godpdk_mp_came(int fd)
{
	int flags = fcntl(fd, F_GETFD);
	struct stat st;

	if (flags < 0 || (flags & FD_CLOEXEC) != 0)
		return 0;
	return fd > STDERR_FILENO || (fstat(fd, &st) == 0 &&
		(st.st_dev != godpdk_mp_standard[fd].st_dev || st.st_ino != godpdk_mp_standard[fd].st_ino));
}

/* The action of all names. It runs on DPDK's only thread for messages, which
 * rte_eal_cleanup cancels wherever it is: so it calls no Go and waits for nothing. */
static int
godpdk_mp_action(const struct rte_mp_msg *msg, const void *peer)
{
	struct godpdk_mp_node *n = malloc(sizeof(*n));
	int *fds = (int *)(uintptr_t)msg->fds; /* rte_mp's buffer, for the next message too */
	int i, came = 0;

	if (n != NULL) {
		n->msg = *msg;
		snprintf(n->peer, sizeof(n->peer), "%s", (const char *)peer);
	}
	for (i = 0; i < RTE_MP_MAX_FD_NUM; i++) {
		if (i < msg->num_fds && godpdk_mp_came(fds[i])) {
			if (n == NULL) {
				close(fds[i]);
			} else {
				fcntl(fds[i], F_SETFD, FD_CLOEXEC);
				n->msg.fds[came++] = fds[i];
			}
		}
		fds[i] = -1;
	}
	if (n == NULL)
		return -1;
	n->missing = msg->num_fds - came;
	n->msg.num_fds = came;
	godpdk_inbox_put(&godpdk_mp_inbox, &n->node);
	return 0;
}

/* The name of the question whether there is an action: its content is that one's name,
 * and the reply is "y" or "n". */
#define GODPDK_MP_HAS "godpdk_mp_has"

static int godpdk_mp_fd = -1; /* DPDK's socket */

/* Held while an action is registered, which the question does for a moment. */
static pthread_mutex_t godpdk_mp_registering = PTHREAD_MUTEX_INITIALIZER;

static int
godpdk_mp_nothing(const struct rte_mp_msg *msg, const void *peer)
{
	(void)msg;
	(void)peer;
	return 0;
}

/* Whether a name has an action, of Go or of DPDK. Only the thread for messages calls
 * this, so no message meets godpdk_mp_nothing. */
static inline int
godpdk_mp_has(const char *name)
{
	int has;

	if (name[0] == '\0')
		return 0;
	pthread_mutex_lock(&godpdk_mp_registering);
	has = rte_mp_action_register(name, godpdk_mp_nothing) < 0;
	if (!has)
		rte_mp_action_unregister(name);
	pthread_mutex_unlock(&godpdk_mp_registering);
	return has;
}

/* The action of the question. rte_mp_reply could wait for room in the peer's queue. */
static int
godpdk_mp_asked(const struct rte_mp_msg *msg, const void *peer)
{
	struct godpdk_mp_wire w = { .type = GODPDK_MP_REP, .msg = { .name = GODPDK_MP_HAS, .len_param = 1 } };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char name[RTE_MP_MAX_NAME_LEN];

	snprintf(name, sizeof(name), "%.*s", msg->len_param, (const char *)msg->param);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", (const char *)peer);
	w.msg.param[0] = godpdk_mp_has(name) ? 'y' : 'n';
	return sendto(godpdk_mp_fd, &w, GODPDK_MP_WIRE, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to)) < 0 ? -1 : 0;
}

/* Answers the question from now on; fd is DPDK's socket. Returns 0 or a positive errno. */
static inline int
godpdk_mp_answer(int fd)
{
	int i;

	godpdk_mp_fd = fd;
	for (i = 0; i <= STDERR_FILENO; i++)
		if (fstat(i, &godpdk_mp_standard[i]) < 0)
			memset(&godpdk_mp_standard[i], 0, sizeof(godpdk_mp_standard[i]));
	rte_errno = 0;
	return rte_mp_action_register(GODPDK_MP_HAS, godpdk_mp_asked) < 0 ? godpdk_errno() : 0;
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
	int err;

	pthread_mutex_lock(&godpdk_mp_registering);
	rte_errno = 0;
	err = rte_mp_action_register(name, godpdk_mp_action) < 0 ? godpdk_errno() : 0;
	pthread_mutex_unlock(&godpdk_mp_registering);
	return err;
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
