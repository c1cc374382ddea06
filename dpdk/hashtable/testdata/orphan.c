/* A C primary that frees a table of which the lock's owner has died. Another thread is in the middle of a change: it has seen the table, and takes
 * the lock as soon as Free has left it. It ends with status 0, and prints the error of the change. */
#define _GNU_SOURCE
#include "godpdk_table.h"

#include <rte_eal.h>
#include <sched.h>

static int stage;
static pthread_t changer;

static void
reach(int s)
{
	__atomic_store_n(&stage, s, __ATOMIC_RELEASE);
}

static void
await(int s)
{
	while (__atomic_load_n(&stage, __ATOMIC_ACQUIRE) < s)
		sched_yield();
}

enum { IN_CHANGE = 1, UNLOCKED, CHANGED };

static int
trylock(pthread_mutex_t *m)
{
	if (pthread_equal(pthread_self(), changer)) {
		reach(IN_CHANGE);
		await(UNLOCKED);
	}
	return pthread_mutex_trylock(m);
}

static void
free_hash(struct rte_hash *h)
{
	reach(UNLOCKED);
	await(CHANGED);
	rte_hash_free(h);
}

#define pthread_mutex_trylock trylock
#define rte_hash_free free_hash
#include "table.c"

static struct godpdk_table *t;
static int change_error;

static void *
die_with_the_lock(void *arg)
{
	(void)arg;
	if (pthread_mutex_lock(&t->lock) != 0)
		abort();
	return NULL;
}

static void *
change(void *arg)
{
	const uint64_t key = 1, value = 2;
	uint32_t done;

	(void)arg;
	changer = pthread_self();
	change_error = godpdk_table_add(t, &key, &value, 1, &done);
	reach(CHANGED);
	return NULL;
}

int
main(int argc, char **argv)
{
	const struct godpdk_table_config c = { .key_size = 8, .value_size = 8, .entries = 8 };
	struct godpdk_ptr made;
	pthread_t thread;

	if (rte_eal_init(argc, argv) < 0)
		return 1;
	made = godpdk_table_create("orphan", &c);
	if (made.err != 0)
		return 2;
	t = made.ptr;
	if (pthread_create(&thread, NULL, die_with_the_lock, NULL) != 0 || pthread_join(thread, NULL) != 0)
		return 3;
	if (pthread_create(&thread, NULL, change, NULL) != 0)
		return 4;
	await(IN_CHANGE);
	if (godpdk_table_free("orphan", t) != 0)
		return 5;
	pthread_join(thread, NULL);
	printf("changed %d\n", change_error);
	return rte_eal_cleanup();
}
