/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: start and stop, process role, memory facts. */
#ifndef GODPDK_EAL_H
#define GODPDK_EAL_H

#include "godpdk.h"

#include <sys/mman.h>

#include <rte_eal_memconfig.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_memzone.h>

/* Where EAL maps memory: from its default base, at most RTE_MAX_MEM_MB. It ends
 * below the heap that a race-enabled Go program must have at 0xc000000000. */
#define GODPDK_EAL_BASE UINT64_C(0x100000000)
#define GODPDK_EAL_END UINT64_C(0xa000000000)

static int godpdk_eal_kept;

/* Go 1.26 places its heap at random. In one process of a thousand that is where
 * EAL wants its memory, and a secondary must map it where its primary has it. So
 * this, which runs before Go's runtime does, keeps the range until EAL starts. */
__attribute__((constructor)) static void
godpdk_eal_keep(void)
{
	void *want = (void *)(uintptr_t)GODPDK_EAL_BASE;
	void *got = mmap(want, GODPDK_EAL_END - GODPDK_EAL_BASE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	godpdk_eal_kept = got == want;
	if (got != MAP_FAILED && got != want) /* kernels before 4.17 */
		munmap(got, GODPDK_EAL_END - GODPDK_EAL_BASE);
}

struct godpdk_init {
	int parsed;
	int err;
};

/* rte_eal_init; parsed is its return value, err is 0 only if DPDK left
 * rte_errno 0, which some failures do. What EAL prints past its log, whatever
 * the log level, goes into the log (the reason why it fails) or nowhere (its
 * usage). */
static inline struct godpdk_init
godpdk_eal_init(int argc, char **argv)
{
	FILE *out = stdout, *err = stderr, *null = fopen("/dev/null", "w");
	struct godpdk_init r;

	if (godpdk_eal_kept)
		munmap((void *)(uintptr_t)GODPDK_EAL_BASE, GODPDK_EAL_END - GODPDK_EAL_BASE);
	godpdk_eal_kept = 0;
	if (null != NULL)
		stdout = null;
	stderr = rte_log_get_stream();
	rte_errno = 0;
	r.parsed = rte_eal_init(argc, argv);
	r.err = r.parsed < 0 ? rte_errno : 0;
	stdout = out;
	stderr = err;
	if (null != NULL)
		fclose(null);
	return r;
}

/* rte_eal_cleanup; returns 0 or a positive errno. */
static inline int
godpdk_eal_cleanup(void)
{
	rte_errno = 0;
	return godpdk_neg(rte_eal_cleanup());
}

/* rte_malloc_get_socket_stats; it knows only sockets that have a heap. */
static inline int
godpdk_malloc_stats(int socket, struct rte_malloc_socket_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	return rte_malloc_get_socket_stats(socket, stats) < 0 ? EINVAL : 0;
}

/* How many memzones EAL makes room for: later DPDK has no name for its default. */
#ifdef RTE_MAX_MEMZONE
#define GODPDK_MAX_MEMZONE RTE_MAX_MEMZONE
#else
#define GODPDK_MAX_MEMZONE 2560
#endif

/* One call of godpdk_memory_files' walk. */
struct godpdk_files {
	const struct rte_memseg_list *last;
	int single, n;
};

static inline int
godpdk_count_file(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct godpdk_files *f = arg;

	(void)ms;
	if (!f->single || f->last != msl)
		f->n++;
	f->last = msl;
	return 0;
}

/* In how many files EAL's memory lies: one a page, or one a list of pages. */
static inline int
godpdk_memory_files(void)
{
	struct godpdk_files f = { NULL, rte_mcfg_get_single_file_segments(), 0 };

	rte_memseg_walk(godpdk_count_file, &f);
	return f.n;
}

#endif
