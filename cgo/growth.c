//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>

#include <rte_lcore.h>
#include <rte_memory.h>

#include "godpdk.h"
#include "godpdk_growth.h"

#define SECOND 1000000000ull
/* DPDK undoes a growth that a process has not confirmed for 5 s. A growth that lives this long
 * was waiting. */
#define SILENCE (4 * SECOND)
/* Threads without a control call try again after this time. */
#define REST (10 * SECOND)

static int stopped;

/* The last growth. DPDK holds its lock of the memory around growth and events. */
static struct {
	const void *addr;
	uint64_t since;
	pthread_t thread;
} last;

static uint64_t failed; /* when a growth failed because a process did not answer */

static __thread struct {
	uint64_t began; /* 0 outside control calls */
	int refused;
} call;

/* Refuses to grow beside a stopped process, and to a call that began before the last growth
 * failed: the next attempt would wait as long again. */
static int
validate(int socket, size_t limit, size_t len)
{
	int pid = __atomic_load_n(&stopped, __ATOMIC_RELAXED);
	uint64_t f = __atomic_load_n(&failed, __ATOMIC_RELAXED);

	(void)socket, (void)limit, (void)len;
	if (pid == 0 && (f == 0 || (call.began != 0 ? call.began > f : godpdk_now() - f > REST)))
		return 0;
	call.refused = pid != 0 ? pid : -1;
	return -1;
}

/* DPDK undoes a growth that was not confirmed: the thread that added the memory removes it. */
static void
watch(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)len, (void)arg;
	if (event == RTE_MEM_EVENT_ALLOC) {
		last.addr = addr;
		last.since = godpdk_now();
		last.thread = pthread_self();
		return;
	}
	if (addr == last.addr && pthread_equal(last.thread, pthread_self()) && godpdk_now() - last.since > SILENCE)
		__atomic_store_n(&failed, godpdk_now(), __ATOMIC_RELAXED);
	last.addr = NULL;
}

int
godpdk_growth_guard(void)
{
	rte_errno = 0;
	for (unsigned int i = 0; i < rte_socket_count(); i++)
		if (rte_mem_alloc_validator_register("godpdk", validate, rte_socket_id_by_idx(i), 0) < 0 && rte_errno != EEXIST)
			return godpdk_errno();
	return rte_mem_event_callback_register("godpdk_growth", watch, NULL) < 0 && rte_errno != EEXIST ? godpdk_errno() : 0;
}

void
godpdk_growth_stopped(int pid)
{
	__atomic_store_n(&stopped, pid, __ATOMIC_RELAXED);
}

uint64_t
godpdk_growth_begin(void)
{
	uint64_t outer = call.began;

	if (outer == 0) {
		call.began = godpdk_now();
		call.refused = 0;
	}
	return outer;
}

void
godpdk_growth_end(uint64_t outer)
{
	call.began = outer;
}

int
godpdk_growth_refused(void)
{
	return call.refused;
}
