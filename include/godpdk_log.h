/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_log: DPDK's log stream as packets on a socket. One Go file includes this: it has state.
 *
 * A log call can happen on any thread, also inside a driver's burst, so it
 * must not call into Go and must not block: each line is one packet on a
 * SOCK_SEQPACKET socket, and one that does not fit is counted and dropped. */
#ifndef GODPDK_LOG_H
#define GODPDK_LOG_H

#include "godpdk.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <rte_log.h>

/* The head of each packet; the line follows. */
struct godpdk_log_head {
	int32_t level; /* RTE_LOG_* */
	uint32_t lost; /* lines dropped so far */
};

static uint32_t godpdk_log_lost;

/* The last bytes that each thread logged, below debug level: the reason of a failure of
 * the control call that runs there. */
#define GODPDK_LOG_KEPT 4096
static __thread struct {
	uint64_t n; /* bytes so far */
	char text[GODPDK_LOG_KEPT];
} godpdk_log_kept;

static inline void
godpdk_log_keep(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		godpdk_log_kept.text[godpdk_log_kept.n++ % GODPDK_LOG_KEPT] = text[i];
}

/* A place in what this thread logs: now. */
static inline uint64_t
godpdk_log_mark(void)
{
	return godpdk_log_kept.n;
}

/* Copies what this thread has logged since a mark, at most the last GODPDK_LOG_KEPT
 * bytes; returns how many. */
static inline size_t
godpdk_log_since(uint64_t mark, char *to)
{
	uint64_t n = godpdk_log_kept.n;
	size_t len = 0;

	if (n - mark > GODPDK_LOG_KEPT)
		mark = n - GODPDK_LOG_KEPT;
	while (mark < n)
		to[len++] = godpdk_log_kept.text[mark++ % GODPDK_LOG_KEPT];
	return len;
}

static ssize_t
godpdk_log_write(void *cookie, const char *line, size_t len)
{
	struct godpdk_log_head head = {
		.level = rte_log_cur_msg_loglevel(),
		.lost = __atomic_load_n(&godpdk_log_lost, __ATOMIC_RELAXED),
	};
	struct iovec iov[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)(uintptr_t)line, .iov_len = len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	int saved = errno;

	if (head.level < (int)RTE_LOG_DEBUG)
		godpdk_log_keep(line, len);
	if (sendmsg((int)(intptr_t)cookie, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		__atomic_fetch_add(&godpdk_log_lost, 1, __ATOMIC_RELAXED);
	errno = saved;
	return len; /* an error would poison the stream for good */
}

/* Points DPDK's log at a socket; fd stays open as long as the stream is used.
 * Returns 0 or a positive errno. */
static inline int
godpdk_log_open(int fd)
{
	cookie_io_functions_t io = { .write = godpdk_log_write };
	FILE *f = fopencookie((void *)(intptr_t)fd, "w", io);

	if (f == NULL)
		return errno;
	setvbuf(f, NULL, _IOLBF, BUFSIZ);
	return rte_openlog_stream(f) < 0 ? EINVAL : 0;
}

/* A line for DPDK's log, as a warning of type "godpdk". */
static inline void
godpdk_log_warning(const char *line)
{
	int type = rte_log_register_type_and_pick_level("godpdk", RTE_LOG_INFO);

	if (type >= 0)
		rte_log(RTE_LOG_WARNING, type, "%s\n", line);
}

#endif
