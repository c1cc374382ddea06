/* SPDX-License-Identifier: BSD-3-Clause */
/* Returns each element of a ring through another, and sleeps at a doorbell: the role echo of main_test.go in C. */
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_memzone.h>
#include <rte_ring.h>

#include "../../../include/godpdk_doorbell.h"

struct link {
	struct godpdk_doorbell echo, test;
};

static struct rte_ring *
lookup(const char *line, const char *kind)
{
	char name[64];

	snprintf(name, sizeof(name), "%s %s", line, kind);
	return rte_ring_lookup(name);
}

int
main(int argc, char **argv)
{
	int n = rte_eal_init(argc, argv);
	const struct rte_memzone *zone;
	struct rte_ring *ping, *pong;
	struct link *link;
	uint64_t most;
	void *v = NULL;

	if (n < 0 || n + 2 >= argc)
		return 1;
	zone = rte_memzone_lookup(argv[n + 1]);
	ping = lookup(argv[n + 1], "ping");
	pong = lookup(argv[n + 1], "pong");
	if (zone == NULL || ping == NULL || pong == NULL)
		return 2;
	link = zone->addr;
	most = strtoull(argv[n + 2], NULL, 10);
	puts("ready");
	fflush(stdout);
	while (v != (void *)UINTPTR_MAX) {
		if (rte_ring_dequeue(ping, &v) != 0) {
			uint32_t key = godpdk_doorbell_arm(&link->echo);

			if (rte_ring_dequeue(ping, &v) != 0) {
				godpdk_doorbell_wait(&link->echo, key, most);
				continue;
			}
		}
		rte_ring_enqueue(pong, v);
		godpdk_doorbell_ring(&link->test);
	}
	return rte_eal_cleanup();
}
