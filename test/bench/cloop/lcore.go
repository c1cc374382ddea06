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
// Runs a polling loop with this many cycles of work in each round, and writes the cycles from the
// start of each round to the start of the next one.
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

// LaunchWait launches an empty function on an lcore and waits until it returns, iters times.
func LaunchWait(lcore, iters int) { C.launch_wait(C.uint(lcore), C.uint(iters)) }

// Gaps runs len(gaps) rounds of a polling loop with work cycles of work in each round, and writes the
// duration of each round in cycles.
func Gaps(gaps []uint32, work uint64) {
	C.gaps((*C.uint32_t)(unsafe.SliceData(gaps)), C.uint(len(gaps)), C.uint64_t(work))
}
