//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>

#include <rte_pause.h>
#include <rte_telemetry.h>
#include <rte_thread.h>

#include "_cgo_export.h"
#include "godpdk_lcore.h"

static int
collect(unsigned int id, void *arg)
{
	struct godpdk_lcore_list *l = arg;
	struct godpdk_lcore_info *i = &l->lcores[l->len++];
	rte_cpuset_t set = rte_lcore_cpuset(id);

	memset(i, 0, sizeof(*i));
	i->id = id;
	i->role = rte_eal_lcore_role(id);
	i->socket = rte_lcore_to_socket_id(id);
	i->index = rte_lcore_index(id);
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			i->cpus[cpu / 64] |= UINT64_C(1) << cpu % 64;
	return 0;
}

void
godpdk_lcore_list(struct godpdk_lcore_list *l)
{
	l->len = 0;
	rte_lcore_iterate(collect, l);
}

void
godpdk_enter(void)
{
	static __thread int entered;
	cpu_set_t own, all;

	if (entered)
		return;
	entered = 1;
	memset(&all, 0xff, sizeof(all)); /* the kernel leaves out CPUs that the process may not use */
	if (pthread_getaffinity_np(pthread_self(), sizeof(own), &own) != 0)
		return;
	pthread_setaffinity_np(pthread_self(), sizeof(all), &all);
	godpdkEnter();
	pthread_setaffinity_np(pthread_self(), sizeof(own), &own);
}

static int
lcore_main(void *arg)
{
	godpdk_enter();
	godpdkLcore((uintptr_t)arg);
	return 0;
}

int
godpdk_lcore_launch(uint32_t id)
{
	/* After its function has returned, a worker needs a few instructions to reach EAL's loop. */
	for (int i = 0; i < 256 && rte_eal_get_lcore_state(id) != WAIT; i++)
		rte_pause();
	return godpdk_neg(rte_eal_remote_launch(lcore_main, (void *)(uintptr_t)id, id));
}

/* Nobody joins a control thread: Go knows when its function has returned. 23.11 renamed
 * rte_ctrl_thread_create. */
#if RTE_VERSION < RTE_VERSION_NUM(23, 11, 0, 0)
static void *
control_main(void *arg)
{
	godpdk_enter();
	godpdkControl((uintptr_t)arg);
	return NULL;
}

int
godpdk_control_create(const char *name, uintptr_t id)
{
	pthread_t thread;
	int ret = rte_ctrl_thread_create(&thread, name, NULL, control_main, (void *)id);

	if (ret == 0)
		pthread_detach(thread);
	return godpdk_neg(ret);
}
#else
static uint32_t
control_main(void *arg)
{
	godpdk_enter();
	godpdkControl((uintptr_t)arg);
	return 0;
}

int
godpdk_control_create(const char *name, uintptr_t id)
{
	rte_thread_t thread;
	int ret = rte_thread_create_control(&thread, name, control_main, (void *)id);

	if (ret == 0)
		pthread_detach((pthread_t)thread.opaque_id);
	return godpdk_neg(ret);
}
#endif

static int
lcore_init(unsigned int lcore, void *arg)
{
	return godpdkLcoreInit(lcore, (uintptr_t)arg);
}

static void
lcore_uninit(unsigned int lcore, void *arg)
{
	godpdkLcoreUninit(lcore, (uintptr_t)arg);
}

void *
godpdk_lcore_callback(const char *name, uintptr_t id)
{
	return rte_lcore_callback_register(name, lcore_init, lcore_uninit, (void *)id);
}

/* The cycles of each lcore; its Go function counts them. */
struct usage {
	uint64_t total, busy;
	char pad[RTE_CACHE_LINE_SIZE - 2 * sizeof(uint64_t)];
};

_Static_assert(sizeof(struct usage) == RTE_CACHE_LINE_SIZE, "each lcore has its own cache line");

static struct usage usages[RTE_MAX_LCORE] __rte_cache_aligned;

void *
godpdk_usage_of(uint32_t id)
{
	return &usages[id];
}

#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
static int
read_usage(unsigned int id, struct rte_lcore_usage *usage)
{
	struct usage *u = &usages[id];

	usage->busy_cycles = __atomic_load_n(&u->busy, __ATOMIC_ACQUIRE);
	usage->total_cycles = __atomic_load_n(&u->total, __ATOMIC_RELAXED);
	return usage->total_cycles == 0 ? -1 : 0;
}

int
godpdk_usage_register(void)
{
	rte_lcore_register_usage_cb(read_usage);
	return 0;
}
#elif RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
/* The function is experimental in these releases and may change. */
int
godpdk_usage_register(void)
{
	return ENOTSUP;
}
#else
static int
add_usage(unsigned int id, void *arg)
{
	struct rte_tel_data **columns = arg;
	struct usage *u = &usages[id];
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
telemetry(const char *cmd __rte_unused, const char *params __rte_unused, struct rte_tel_data *d)
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
	rte_lcore_iterate(add_usage, columns);
	return 0;
}

/* Releases before 23.03 have no usage callback: this registers the command of later ones. */
int
godpdk_usage_register(void)
{
	return godpdk_neg(rte_telemetry_register_cmd("/eal/lcore/usage", telemetry,
		"Returns lcore cycles usage. Takes no parameters"));
}
#endif
