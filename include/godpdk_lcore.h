/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: lcores, the functions that run on them, and threads. */
#ifndef GODPDK_LCORE_H
#define GODPDK_LCORE_H

#include "godpdk.h"

#include <sched.h>

#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>

/* An lcore. cpus has one bit per CPU, as cpu_set_t has. */
struct godpdk_lcore_info {
	uint32_t id, role, socket;
	int32_t index;
	uint64_t cpus[CPU_SETSIZE / 64];
};

struct godpdk_lcore_list {
	uint32_t len;
	struct godpdk_lcore_info lcores[RTE_MAX_LCORE];
};

/* rte_lcore_iterate. */
void godpdk_lcore_list(struct godpdk_lcore_list *l);

/* Every thread of C calls it before it calls Go. At the first time the thread may run on all CPUs until Go has locked
 * it: until then Go may start threads from it, which inherit its CPUs. */
void godpdk_enter(void);

/* rte_eal_remote_launch of godpdkLcore: 0 or a positive errno. */
int godpdk_lcore_launch(uint32_t id);

/* rte_thread_register: 0 or a positive errno. DPDK makes the thread an lcore even if no id
 * is free, hence the clean-up. */
static inline int
godpdk_thread_register(void)
{
	int err;

	rte_errno = 0;
	if (rte_thread_register() == 0)
		return 0;
	err = godpdk_errno();
	if (err == ENOMEM)
		rte_thread_unregister();
	return err;
}

/* rte_ctrl_thread_create or rte_thread_create_control of godpdkControl: 0 or a positive errno. */
int godpdk_control_create(const char *name, uintptr_t id);

/* rte_lcore_callback_register: NULL if init refuses an lcore or memory is short. It does
 * not set rte_errno. */
void *godpdk_lcore_callback(const char *name, uintptr_t id);

/* The two counters of an lcore: all cycles and busy ones. */
void *godpdk_usage_of(uint32_t id);

/* rte_lcore_register_usage_cb: 0 or a positive errno. */
int godpdk_usage_register(void);

#endif
