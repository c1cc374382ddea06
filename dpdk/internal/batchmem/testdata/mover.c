/* SPDX-License-Identifier: BSD-3-Clause */
/* A secondary that moves all elements from each ring NAME0 to the ring NAME1, until its input ends. It is the only
 * consumer of the first and the only producer of the second. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ring.h>

#define MAX 16

int
main(int argc, char **argv)
{
	struct rte_ring *from[MAX], *to[MAX];
	unsigned long moved[MAX] = { 0 };
	int n = 0, eal = rte_eal_init(argc, argv);
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
	void *objs[32];
	char name[64];

	if (eal < 0)
		return 1;
	for (char **arg = argv + eal + 1; *arg != NULL && n < MAX; arg++, n++) {
		snprintf(name, sizeof(name), "%s0", *arg);
		from[n] = rte_ring_lookup(name);
		snprintf(name, sizeof(name), "%s1", *arg);
		to[n] = rte_ring_lookup(name);
		if (from[n] == NULL || to[n] == NULL) {
			fprintf(stderr, "no ring %s\n", name);
			return 1;
		}
	}
	if (nice(10) == -1) /* processes that start have priority */
		return 1;
	puts("moves");
	fflush(stdout);
	while (poll(&input, 1, 0) == 0)
		for (int i = 0; i < 100 * n; i++) {
			unsigned int room = rte_ring_free_count(to[i % n]);
			unsigned int k = rte_ring_dequeue_burst(from[i % n], objs, room < 32 ? room : 32, NULL);

			moved[i % n] += k;
			if (rte_ring_enqueue_bulk(to[i % n], objs, k, NULL) != k) {
				fprintf(stderr, "no room for %u in %s\n", k, name);
				return 1;
			}
		}
	for (int i = 0; i < n; i++)
		printf("moved %lu\n", moved[i]);
	return rte_eal_cleanup() != 0;
}
