/* A C primary that frees a table in the middle of its description. It ends with status 0, or dies if the description reads memory that the
 * kernel has got back. */
#define _GNU_SOURCE
#include "godpdk_table.h"

#include <rte_eal.h>
#include <time.h>

static struct godpdk_table *t;
static int begun, freed;

static void *
free_table(void *arg)
{
	(void)arg;
	if (godpdk_table_free("described", t) != 0)
		abort();
	__atomic_store_n(&freed, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Lets another thread free the table, unless a lock of this thread prevents that for 300 ms. */
static void
in_the_middle(void)
{
	struct timespec now, start;
	static pthread_t thread;

	if (begun++ != 0)
		return;
	pthread_create(&thread, NULL, free_table, NULL);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!__atomic_load_n(&freed, __ATOMIC_ACQUIRE) && (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 300);
}

static void (*walked)(const struct rte_memzone *, void *);
static const char *wanted;

static void
step(const struct rte_memzone *mz, void *arg)
{
	if (wanted != NULL && strcmp(mz->name, wanted) == 0)
		in_the_middle();
	walked(mz, arg);
}

/* The two ways to find a zone. */
static void
walk(void (*f)(const struct rte_memzone *, void *), void *arg)
{
	walked = f;
	rte_memzone_walk(step, arg);
}

static const struct rte_memzone *
lookup(const char *name)
{
	const struct rte_memzone *mz = rte_memzone_lookup(name);

	if (wanted != NULL && strcmp(name, wanted) == 0)
		in_the_middle();
	return mz;
}

#define rte_memzone_walk walk
#define rte_memzone_lookup lookup
#include "table.c"

int
main(int argc, char **argv)
{
	const struct godpdk_table_config c = { .key_size = 8, .value_size = 24, .entries = 1 << 18 };
	struct godpdk_table_info info = { NULL };
	struct godpdk_ptr made;
	int err;

	if (rte_eal_init(argc, argv) < 0)
		return 1;
	made = godpdk_table_create("described", &c);
	if (made.err != 0)
		return 2;
	t = made.ptr;
	wanted = GODPDK_TABLE_ZONE "described";
	err = godpdk_table_describe("described", &info);
	if (begun == 0 || (err == 0 && info.capacity != c.entries))
		return 3;
	while (!__atomic_load_n(&freed, __ATOMIC_ACQUIRE))
		sched_yield();
	err = godpdk_table_describe("described", &info);
	printf("described %d\n", err);
	return rte_eal_cleanup();
}
