/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: memory that comes after the start. */
#ifndef GODPDK_MEMEVENT_H
#define GODPDK_MEMEVENT_H

#include <fcntl.h>

#include "godpdk.h"

#include <rte_eal_memconfig.h>
#include <rte_memory.h>

/* The event of new memory, in the process that asked for it and in all others. EAL has
 * opened a file for each page, or for each list of pages, without close-on-exec. It runs
 * under the lock of EAL's memory. */
static void
godpdk_mem_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(addr);
	size_t at;

	(void)arg;
	if (event != RTE_MEM_EVENT_ALLOC || msl == NULL || msl->external)
		return;
	for (at = 0; at < len; at += msl->page_sz) {
		int fd = rte_memseg_get_fd_thread_unsafe(rte_mem_virt2memseg(RTE_PTR_ADD(addr, at), msl));

		if (fd >= 0)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
}

/* Has the files of new memory closed on exec (rte_mem_event_callback_register). Legacy
 * memory has no events, and does not grow. Returns 0 or a positive errno. */
static inline int
godpdk_mem_close_on_exec(void)
{
	rte_errno = 0;
	return rte_mem_event_callback_register("godpdk_close_on_exec", godpdk_mem_event, NULL) < 0 ? godpdk_errno() : 0;
}

#endif
