//go:build linux

package cloop

/*
#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

static int
empty(void *arg)
{
	return arg != NULL;
}

static void
launch_wait(unsigned int lcore, unsigned int iters)
{
	while (iters--) {
		while (rte_eal_remote_launch(empty, NULL, lcore) != 0)
			;
		rte_eal_wait_lcore(lcore);
	}
}
// A polling loop whose rounds have work of so many cycles each, and the cycles
// from the start of each round to that of the next.
static void
gaps(uint32_t *gaps, unsigned int n, uint64_t work)
{
	uint64_t start = rte_rdtsc();

	while (n--) {
		uint64_t now;

		do {
			now = rte_rdtsc();
		} while (now - start < work);
		*gaps++ = RTE_MIN(now - start, (uint64_t)UINT32_MAX);
		start = now;
	}
}
*/
import "C"

import "unsafe"

// LaunchWait launches an empty function on an lcore and waits for its end, iters
// times, from the calling thread.
func LaunchWait(lcore, iters int) { C.launch_wait(C.uint(lcore), C.uint(iters)) }

// Gaps runs len(gaps) rounds of a polling loop with work cycles of work each, and
// writes the cycles that each took.
func Gaps(gaps []uint32, work uint64) {
	C.gaps((*C.uint32_t)(unsafe.SliceData(gaps)), C.uint(len(gaps)), C.uint64_t(work))
}
