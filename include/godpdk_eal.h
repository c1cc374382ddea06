/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: start and stop, process role, memory facts. */
#ifndef GODPDK_EAL_H
#define GODPDK_EAL_H

#include "godpdk.h"

#include <rte_eal_memconfig.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_memzone.h>

struct godpdk_init {
	int parsed;
	int err;
};

/* rte_eal_init: parsed is its return value. err is 0 if DPDK left rte_errno 0, which some
 * failures do. EAL prints some text directly, at any log level: the reason of a failure
 * goes to the log, its usage is discarded. */
struct godpdk_init godpdk_eal_init(int argc, char **argv);

/* rte_eal_cleanup: 0 or a positive errno. */
static inline int
godpdk_eal_cleanup(void)
{
	rte_errno = 0;
	return godpdk_neg(rte_eal_cleanup());
}

/* rte_malloc_get_socket_stats: EINVAL for a socket without a heap. */
static inline int
godpdk_malloc_stats(int socket, struct rte_malloc_socket_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	return rte_malloc_get_socket_stats(socket, stats) < 0 ? EINVAL : 0;
}

/* The maximum number of memzones. Later releases have no name for their default. */
#ifdef RTE_MAX_MEMZONE
#define GODPDK_MAX_MEMZONE RTE_MAX_MEMZONE
#else
#define GODPDK_MAX_MEMZONE 2560
#endif

/* The number of files that hold EAL's memory: one per page, or one per list of pages. */
int godpdk_memory_files(void);

/* rte_mem_event_callback_register: sets close-on-exec on the files of memory that EAL
 * allocates later. ENOTSUP for legacy memory, which never grows. */
int godpdk_mem_close_on_exec(void);

#endif
