//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "godpdk_ipc.h"

static struct godpdk_inbox inbox = GODPDK_INBOX;

/* The standard files at the start: they have no close-on-exec. If one of them was closed
 * since, an arriving descriptor can have its number. */
static struct stat standard[STDERR_FILENO + 1];

/* Whether a descriptor arrived with the current message. rte_mp does not report it: the
 * numbers of earlier messages stay behind those that arrived. recvmsg has just created
 * the arrived ones without close-on-exec. All other descriptors of Go and DPDK have the
 * flag. */
static int
arrived(int fd)
{
	int flags = fcntl(fd, F_GETFD);
	struct stat st;

	if (flags < 0 || (flags & FD_CLOEXEC) != 0)
		return 0;
	return fd > STDERR_FILENO || (fstat(fd, &st) == 0 &&
		(st.st_dev != standard[fd].st_dev || st.st_ino != standard[fd].st_ino));
}

/* The action of all names. It runs on DPDK's only thread for messages, which
 * rte_eal_cleanup cancels at any point: so it calls no Go and never waits. */
static int
action(const struct rte_mp_msg *msg, const void *peer)
{
	struct godpdk_mp_node *n = malloc(sizeof(*n));
	int *fds = (int *)(uintptr_t)msg->fds; /* rte_mp reuses this buffer for the next message */
	int i, count = 0;

	if (n != NULL) {
		n->msg = *msg;
		snprintf(n->peer, sizeof(n->peer), "%s", (const char *)peer);
	}
	for (i = 0; i < RTE_MP_MAX_FD_NUM; i++) {
		if (i < msg->num_fds && arrived(fds[i])) {
			if (n == NULL) {
				close(fds[i]);
			} else {
				fcntl(fds[i], F_SETFD, FD_CLOEXEC);
				n->msg.fds[count++] = fds[i];
			}
		}
		fds[i] = -1;
	}
	if (n == NULL)
		return -1;
	n->missing = msg->num_fds - count;
	n->msg.num_fds = count;
	godpdk_inbox_put(&inbox, &n->node);
	return 0;
}

static int dpdk_socket = -1;

/* Held during each registration, also a temporary one of has_action. */
static pthread_mutex_t registering = PTHREAD_MUTEX_INITIALIZER;

static int
ignore(const struct rte_mp_msg *msg, const void *peer)
{
	(void)msg;
	(void)peer;
	return 0;
}

/* Whether a name has an action of Go or of DPDK. Only the thread for messages calls this,
 * so no message reaches ignore. */
static int
has_action(const char *name)
{
	int has;

	if (name[0] == '\0')
		return 0;
	pthread_mutex_lock(&registering);
	has = rte_mp_action_register(name, ignore) < 0;
	if (!has)
		rte_mp_action_unregister(name);
	pthread_mutex_unlock(&registering);
	return has;
}

/* The action of GODPDK_MP_HAS. It does not use rte_mp_reply, which can wait for room in
 * the peer's queue. */
static int
answer(const struct rte_mp_msg *msg, const void *peer)
{
	struct godpdk_mp_wire w = { .type = GODPDK_MP_REP, .msg = { .name = GODPDK_MP_HAS, .len_param = 1 } };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char name[RTE_MP_MAX_NAME_LEN];

	snprintf(name, sizeof(name), "%.*s", msg->len_param, (const char *)msg->param);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", (const char *)peer);
	w.msg.param[0] = has_action(name) ? 'y' : 'n';
	return sendto(dpdk_socket, &w, GODPDK_MP_WIRE, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to)) < 0 ? -1 : 0;
}

int
godpdk_mp_answer(int fd)
{
	int i;

	dpdk_socket = fd;
	for (i = 0; i <= STDERR_FILENO; i++)
		if (fstat(i, &standard[i]) < 0)
			memset(&standard[i], 0, sizeof(standard[i]));
	rte_errno = 0;
	return rte_mp_action_register(GODPDK_MP_HAS, answer) < 0 ? godpdk_errno() : 0;
}

int
godpdk_mp_open(void)
{
	return godpdk_inbox_open(&inbox);
}

void
godpdk_mp_wait(void)
{
	godpdk_inbox_wait(&inbox);
}

struct godpdk_mp_node *
godpdk_mp_take(void)
{
	return (struct godpdk_mp_node *)godpdk_inbox_take(&inbox);
}

struct godpdk_mp_node *
godpdk_mp_drop(struct godpdk_mp_node *n)
{
	struct godpdk_mp_node *next = (struct godpdk_mp_node *)n->node.next;

	free(n);
	return next;
}

int
godpdk_mp_register(const char *name)
{
	int err;

	pthread_mutex_lock(&registering);
	rte_errno = 0;
	err = rte_mp_action_register(name, action) < 0 ? godpdk_errno() : 0;
	pthread_mutex_unlock(&registering);
	return err;
}
