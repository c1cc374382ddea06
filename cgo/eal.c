//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <sys/mman.h>

#include "godpdk_eal.h"

/* EAL maps memory from its default base, at most RTE_MAX_MEM_MB. The range ends below
 * 0xc000000000, where a race-enabled Go program must have its heap. */
#define EAL_BASE UINT64_C(0x100000000)
#define EAL_END UINT64_C(0xa000000000)

static int kept;

/* Go 1.26 places its heap at random. In about one process of a thousand the heap lands
 * where EAL maps its memory, and a secondary must map it where its primary has it. This
 * runs before the Go runtime and reserves the range until EAL starts. */
__attribute__((constructor)) static void
keep(void)
{
	void *want = (void *)(uintptr_t)EAL_BASE;
	void *got = mmap(want, EAL_END - EAL_BASE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	kept = got == want;
	if (got != MAP_FAILED && got != want) /* kernels before 4.17 */
		munmap(got, EAL_END - EAL_BASE);
}

struct godpdk_init
godpdk_eal_init(int argc, char **argv)
{
	FILE *out = stdout, *err = stderr, *null = fopen("/dev/null", "w");
	struct godpdk_init r;

	if (kept)
		munmap((void *)(uintptr_t)EAL_BASE, EAL_END - EAL_BASE);
	kept = 0;
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

struct files {
	const struct rte_memseg_list *last;
	int single, n;
};

static int
count_file(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct files *f = arg;

	(void)ms;
	if (!f->single || f->last != msl)
		f->n++;
	f->last = msl;
	return 0;
}

int
godpdk_memory_files(void)
{
	struct files f = { NULL, rte_mcfg_get_single_file_segments(), 0 };

	rte_memseg_walk(count_file, &f);
	return f.n;
}

/* DPDK calls this in each process when any process allocates memory, under the lock of
 * EAL's memory. EAL has opened a file for each page, or for each list of pages, without
 * close-on-exec. */
static void
close_on_exec(enum rte_mem_event event, const void *addr, size_t len, void *arg)
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

int
godpdk_mem_close_on_exec(void)
{
	rte_errno = 0;
	return rte_mem_event_callback_register("godpdk_close_on_exec", close_on_exec, NULL) < 0 ? godpdk_errno() : 0;
}
