/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_log: DPDK's log stream as packets on a socket, one line per packet. */
#ifndef GODPDK_LOG_H
#define GODPDK_LOG_H

#include "godpdk.h"

#include <rte_log.h>

/* The head of each packet; the line follows. */
struct godpdk_log_head {
	int32_t level; /* RTE_LOG_* */
	uint32_t lost; /* lines dropped so far */
};

/* The number of bytes that are kept for each thread. */
#define GODPDK_LOG_KEPT 4096

/* The current position in the log of the calling thread. */
uint64_t godpdk_log_mark(void);

/* Copies the bytes that the calling thread has logged since a mark, at most the last
 * GODPDK_LOG_KEPT ones. Returns their number. */
size_t godpdk_log_since(uint64_t mark, char *to);

/* rte_openlog_stream with a stream to a SOCK_SEQPACKET socket: 0 or a positive errno. fd
 * must stay open as long as the stream is used. */
int godpdk_log_open(int fd);

/* rte_log of a line as a warning of type "godpdk". */
static inline void
godpdk_log_warning(const char *line)
{
	int type = rte_log_register_type_and_pick_level("godpdk", RTE_LOG_INFO);

	if (type >= 0)
		rte_log(RTE_LOG_WARNING, type, "%s\n", line);
}

/* Redirects the output of libbpf and libxdp, which net_af_xdp uses, from standard error to
 * DPDK's log, type "godpdk.xdp". */
void godpdk_xdp_log(void);

#endif
