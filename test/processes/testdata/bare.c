/* SPDX-License-Identifier: BSD-3-Clause */
/* A primary that links nothing of DPDK but EAL, until its input ends. */
#include <stdio.h>

#include <rte_eal.h>

int
main(int argc, char **argv)
{
	if (rte_eal_init(argc, argv) < 0)
		return 1;
	puts("answer {\"Result\":\"primary\"}");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return rte_eal_cleanup() != 0;
}
