package cloop

/*
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_cycles.h>

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
*/
import "C"

// LaunchWait launches an empty function on an lcore and waits for its end, iters
// times, from the calling thread.
func LaunchWait(lcore, iters int) { C.launch_wait(C.uint(lcore), C.uint(iters)) }
