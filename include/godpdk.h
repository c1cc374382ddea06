/* SPDX-License-Identifier: BSD-3-Clause */
/* What every godpdk shim shares: how results and errors cross to Go. */
#ifndef GODPDK_H
#define GODPDK_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "godpdk needs DPDK 22.11 or newer"
#endif

/* A pointer or the errno that explains its absence; err is 0 or positive. */
struct godpdk_ptr {
	void *ptr;
	int err;
};

/* A text made by a dump, to be freed with free(); err is 0 or positive. */
struct godpdk_text {
	char *text;
	size_t len;
	int err;
};

/* rte_errno is thread-local: it is read here, in the C call that set it. Some
 * functions fail without setting it; the caller zeroes it first and a missing
 * value becomes EINVAL, never "no error". */
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

/* Negative returns of DPDK are either -1 with rte_errno or -errno. */
static inline int
godpdk_neg(int ret)
{
	return ret < 0 ? -ret : 0;
}

/* The running DPDK as RTE_VERSION_NUM packs it; experimental in 22.11. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static inline uint32_t
godpdk_run_version(void)
{
	return RTE_VERSION_NUM(rte_version_year(), rte_version_month(), rte_version_minor(), rte_version_release());
}
#pragma GCC diagnostic pop

/* Runs a dump that wants a FILE into memory. */
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
