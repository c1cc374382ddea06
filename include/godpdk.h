/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by all shims: results and errors that cross to Go. */
#ifndef GODPDK_H
#define GODPDK_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "godpdk needs DPDK 22.11 or newer"
#endif

/* A pointer, or NULL and a positive errno. */
struct godpdk_ptr {
	void *ptr;
	int err;
};

/* The text of a dump, freed with free(), or NULL and a positive errno. */
struct godpdk_text {
	char *text;
	size_t len;
	int err;
};

/* rte_errno is thread-local, so it is read in the C call that set it. Some functions fail
 * without setting it: the caller zeroes it first, and 0 becomes EINVAL. */
static inline int
godpdk_errno(void)
{
	return rte_errno > 0 ? rte_errno : EINVAL;
}

static inline struct godpdk_ptr
godpdk_result(void *ptr)
{
	return (struct godpdk_ptr){ ptr, ptr != NULL ? 0 : godpdk_errno() };
}

/* For functions that return -errno. Others return -1 and set rte_errno. */
static inline int
godpdk_neg(int ret)
{
	return ret < 0 ? -ret : 0;
}

/* The time of CLOCK_MONOTONIC in nanoseconds, for limits: sleeps last longer than asked for. */
static inline uint64_t
godpdk_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

/* The version of the running DPDK, packed by RTE_VERSION_NUM. Experimental in 22.11. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static inline uint32_t
godpdk_run_version(void)
{
	return RTE_VERSION_NUM(rte_version_year(), rte_version_month(), rte_version_minor(), rte_version_release());
}
#pragma GCC diagnostic pop

/* Runs a dump to a FILE in memory. */
#define GODPDK_DUMP(f, call) \
	struct godpdk_text t = { NULL, 0, 0 }; \
	FILE *f = open_memstream(&t.text, &t.len); \
	if (f == NULL) { \
		t.err = errno; \
		return t; \
	} \
	call; \
	fclose(f); \
	return t

#endif
