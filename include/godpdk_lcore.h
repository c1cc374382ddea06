/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: lcores, what runs on them, and threads. */
#ifndef GODPDK_LCORE_H
#define GODPDK_LCORE_H

#include "godpdk.h"

#include <pthread.h>
#include <sched.h>

#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <rte_telemetry.h>
#include <rte_thread.h>

/* In Go, see cgo/callbacks.go. */
extern void godpdkLcore(uint32_t id);
extern void godpdkControl(uintptr_t id);
extern int godpdkLcoreInit(uint32_t lcore, uintptr_t id);
extern void godpdkLcoreUninit(uint32_t lcore, uintptr_t id);

/* What an lcore is. cpus is a bit a CPU, as in cpu_set_t. */
struct godpdk_lcore_info {
	uint32_t id, role, socket;
	int32_t index;
	uint64_t cpus[CPU_SETSIZE / 64];
};

static inline void
godpdk_lcore_describe(unsigned int id, struct godpdk_lcore_info *i)
{
	rte_cpuset_t set = rte_lcore_cpuset(id);

	memset(i, 0, sizeof(*i));
	i->id = id;
	i->role = rte_eal_lcore_role(id);
	i->socket = rte_lcore_to_socket_id(id);
	i->index = rte_lcore_index(id);
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			i->cpus[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

struct godpdk_lcore_list {
	struct godpdk_lcore_info *lcores;
	uint32_t len;
};

static int
godpdk_lcore_collect(unsigned int id, void *arg)
{
	struct godpdk_lcore_list *l = arg;

	godpdk_lcore_describe(id, &l->lcores[l->len++]);
	return 0;
}

/* rte_lcore_iterate; lcores has room for RTE_MAX_LCORE. Returns how many. */
static inline uint32_t
godpdk_lcore_list(struct godpdk_lcore_info *lcores)
{
	struct godpdk_lcore_list l = { lcores, 0 };

	rte_lcore_iterate(godpdk_lcore_collect, &l);
	return l.len;
}

static int
godpdk_lcore_main(void *arg)
{
	godpdkLcore((uintptr_t)arg);
	return 0;
}

/* rte_eal_remote_launch of Go. A worker whose function has returned is on its
 * way back to EAL's loop for some more instructions: that is worth a moment. */
static inline int
godpdk_lcore_launch(uint32_t id)
{
	for (int i = 0; i < 256 && rte_eal_get_lcore_state(id) != WAIT; i++)
		rte_pause();
	return godpdk_neg(rte_eal_remote_launch(godpdk_lcore_main, (void *)(uintptr_t)id, id));
}

/* rte_thread_register. It makes the thread an lcore even where it fails for
 * want of a free id, hence the clean-up. */
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

/* A control thread: rte_ctrl_thread_create, which 23.11 renamed. Nobody joins
 * it, Go knows when its function has ended. */
#if RTE_VERSION < RTE_VERSION_NUM(23, 11, 0, 0)
static void *
godpdk_control_main(void *arg)
{
	godpdkControl((uintptr_t)arg);
	return NULL;
}

static inline int
godpdk_control_create(const char *name, uintptr_t id)
{
	pthread_t thread;
	int ret = rte_ctrl_thread_create(&thread, name, NULL, godpdk_control_main, (void *)id);

	if (ret == 0)
		pthread_detach(thread);
	return godpdk_neg(ret);
}
#else
static uint32_t
godpdk_control_main(void *arg)
{
	godpdkControl((uintptr_t)arg);
	return 0;
}

static inline int
godpdk_control_create(const char *name, uintptr_t id)
{
	rte_thread_t thread;
	int ret = rte_thread_create_control(&thread, name, godpdk_control_main, (void *)id);

	if (ret == 0)
		pthread_detach((pthread_t)thread.opaque_id);
	return godpdk_neg(ret);
}
#endif

static int
godpdk_lcore_init(unsigned int lcore, void *arg)
{
	return godpdkLcoreInit(lcore, (uintptr_t)arg);
}

static void
godpdk_lcore_uninit(unsigned int lcore, void *arg)
{
	godpdkLcoreUninit(lcore, (uintptr_t)arg);
}

/* rte_lcore_callback_register, which fails where init refuses an lcore, or for
 * want of memory, and sets no rte_errno. */
static inline void *
godpdk_lcore_callback(const char *name, uintptr_t id)
{
	return rte_lcore_callback_register(name, godpdk_lcore_init, godpdk_lcore_uninit, (void *)id);
}

/* Cycles of each lcore, which its Go function counts. */
struct godpdk_usage {
	uint64_t total, busy;
	char pad[RTE_CACHE_LINE_SIZE - 2 * sizeof(uint64_t)];
};

_Static_assert(sizeof(struct godpdk_usage) == RTE_CACHE_LINE_SIZE, "one lcore a cache line");

static struct godpdk_usage godpdk_usages[RTE_MAX_LCORE] __rte_cache_aligned;

static inline void *
godpdk_usage_of(uint32_t id)
{
	return &godpdk_usages[id];
}

#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
static int
godpdk_usage_read(unsigned int id, struct rte_lcore_usage *usage)
{
	struct godpdk_usage *u = &godpdk_usages[id];

	usage->busy_cycles = __atomic_load_n(&u->busy, __ATOMIC_ACQUIRE);
	usage->total_cycles = __atomic_load_n(&u->total, __ATOMIC_RELAXED);
	return usage->total_cycles == 0 ? -1 : 0;
}

/* rte_lcore_register_usage_cb. */
static inline int
godpdk_usage_register(void)
{
	rte_lcore_register_usage_cb(godpdk_usage_read);
	return 0;
}
#elif RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
/* These have it as an experimental function, which may change. */
static inline int
godpdk_usage_register(void)
{
	return ENOTSUP;
}
#else
static int
godpdk_usage_add(unsigned int id, void *arg)
{
	struct rte_tel_data **columns = arg;
	struct godpdk_usage *u = &godpdk_usages[id];
	uint64_t busy = __atomic_load_n(&u->busy, __ATOMIC_ACQUIRE);
	uint64_t total = __atomic_load_n(&u->total, __ATOMIC_RELAXED);

	if (total != 0) {
		rte_tel_data_add_array_u64(columns[0], id);
		rte_tel_data_add_array_u64(columns[1], total);
		rte_tel_data_add_array_u64(columns[2], busy);
	}
	return 0;
}

static int
godpdk_usage_telemetry(const char *cmd __rte_unused, const char *params __rte_unused, struct rte_tel_data *d)
{
	static const char * const names[] = { "lcore_ids", "total_cycles", "busy_cycles" };
	struct rte_tel_data *columns[RTE_DIM(names)];

	for (size_t i = 0; i < RTE_DIM(names); i++) {
		columns[i] = rte_tel_data_alloc();
		if (columns[i] == NULL) {
			while (i-- > 0)
				rte_tel_data_free(columns[i]);
			return -ENOMEM;
		}
	}
	rte_tel_data_start_dict(d);
	for (size_t i = 0; i < RTE_DIM(names); i++) {
		rte_tel_data_start_array(columns[i], RTE_TEL_U64_VAL);
		rte_tel_data_add_dict_container(d, names[i], columns[i], 0);
	}
	rte_lcore_iterate(godpdk_usage_add, columns);
	return 0;
}

/* Releases before 23.03 do not know usage: the command of the later ones. */
static inline int
godpdk_usage_register(void)
{
	return godpdk_neg(rte_telemetry_register_cmd("/eal/lcore/usage", godpdk_usage_telemetry,
		"Returns lcore cycles usage. Takes no parameters"));
}
#endif

#endif
