/* SPDX-License-Identifier: BSD-3-Clause */
/* A DPDK process in C that reads under a QSBR variable of Go's: see rcu_test.go. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memzone.h>
#include <rte_rcu_qsbr.h>

#define ELEMS 64
#define WORDS 16

/* The same in Go. */
struct table {
	uint64_t current, stop, reads;
	uint64_t elems[ELEMS][WORDS];
};

static struct rte_rcu_qsbr *v;
static struct table *t;

/* Reads until told to stop; returns how many elements changed under it. */
static uint64_t
readers_work(unsigned int id)
{
	uint64_t bad = 0;

	rte_rcu_qsbr_thread_online(v, id);
	for (uint64_t n = 0; __atomic_load_n(&t->stop, __ATOMIC_RELAXED) == 0; n++) {
		const volatile uint64_t *e = t->elems[__atomic_load_n(&t->current, __ATOMIC_ACQUIRE)];
		uint64_t first = e[0];

		if (n % 16 == 0)
			sched_yield(); /* with a reference */
		for (int i = 0; i < WORDS; i++)
			bad += e[i] != first || first == UINT64_MAX;
		rte_rcu_qsbr_quiescent(v, id);
		__atomic_fetch_add(&t->reads, 1, __ATOMIC_RELAXED);
	}
	rte_rcu_qsbr_thread_offline(v, id);
	return bad;
}

int
main(int argc, char **argv)
{
	char line[256];

	if (rte_eal_init(argc, argv) < 0)
		return 1;
	v = rte_memzone_lookup("qsbr")->addr;
	t = rte_memzone_lookup("table")->addr;
	printf("answer {\"Result\":\"secondary\"}\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char verb[64] = "", result[64] = "";
		unsigned int id = 0;

		if (sscanf(line, "%63s %u", verb, &id) < 1)
			continue;
		if (strcmp(verb, "rcu-register") == 0)
			rte_rcu_qsbr_thread_register(v, id);
		else if (strcmp(verb, "rcu-online") == 0)
			rte_rcu_qsbr_thread_online(v, id);
		else if (strcmp(verb, "rcu-quiescent") == 0)
			rte_rcu_qsbr_quiescent(v, id);
		else if (strcmp(verb, "rcu-offline") == 0)
			rte_rcu_qsbr_thread_offline(v, id);
		else if (strcmp(verb, "rcu-unregister") == 0)
			rte_rcu_qsbr_thread_unregister(v, id);
		else if (strcmp(verb, "rcu-read") == 0)
			snprintf(result, sizeof(result), "%lu", readers_work(id));
		printf("answer {\"Result\":\"%s\"}\n", result);
		fflush(stdout);
	}
	return rte_eal_cleanup() != 0;
}
