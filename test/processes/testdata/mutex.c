/* SPDX-License-Identifier: BSD-3-Clause */
/* A DPDK process in C that shares a robust mutex with processes in Go: see
 * mutex_test.go. It answers requests as peer.c does. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memzone.h>

#define SLOTS 8

struct guarded {
	pthread_mutex_t mutex;
	volatile uint64_t a, b, done[SLOTS];
	uint64_t deaths;
};

static struct guarded *g;

static void
answer(const char *result, int err)
{
	if (err != 0)
		printf("answer {\"Err\":\"%s\"}\n", strerrorname_np(err));
	else
		printf("answer {\"Result\":\"%s\"}\n", result);
	fflush(stdout);
}

static int
make(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	return pthread_mutex_init(&g->mutex, &attr);
}

/* Kills the process at that point of a section. */
static void
die(int at, int point)
{
	if (at == point)
		raise(SIGKILL);
}

/* The same in Go: section. */
static int
section(int slot, int point)
{
	int err = pthread_mutex_lock(&g->mutex);

	if (err == EOWNERDEAD) {
		uint64_t sum = 0;

		for (int i = 0; i < SLOTS; i++)
			sum += g->done[i];
		g->a = g->b = sum;
		__atomic_fetch_add(&g->deaths, 1, __ATOMIC_SEQ_CST);
		err = pthread_mutex_consistent(&g->mutex);
	}
	if (err != 0)
		return err;
	if (g->a != g->b)
		return EUCLEAN;
	die(1, point);
	g->a = g->a + 1;
	die(2, point);
	g->b = g->b + 1;
	die(3, point);
	g->done[slot] = g->done[slot] + 1;
	die(4, point);
	return pthread_mutex_unlock(&g->mutex);
}

static int
sections(int n, int slot)
{
	int err = 0;

	while (err == 0 && n-- > 0)
		err = section(slot, 0);
	return err;
}

/* n children run some sections and are killed in the next, with the lock. */
static int
casualties(int n, int slot)
{
	for (int i = 0; i < n; i++) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			sections(i % 10, slot);
			section(slot, 1 + i % 4);
			_exit(1);
		}
		if (child < 0)
			return errno;
		waitpid(child, &status, 0);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			return EUCLEAN;
	}
	return 0;
}

static int
serve(const char *verb, const char *a, const char *b)
{
	if (strcmp(verb, "make") == 0)
		return make();
	if (strcmp(verb, "lock") == 0)
		return pthread_mutex_lock(&g->mutex);
	if (strcmp(verb, "try") == 0)
		return pthread_mutex_trylock(&g->mutex);
	if (strcmp(verb, "unlock") == 0)
		return pthread_mutex_unlock(&g->mutex);
	if (strcmp(verb, "consistent") == 0)
		return pthread_mutex_consistent(&g->mutex);
	if (strcmp(verb, "mutex-sections") == 0)
		return sections(atoi(a), atoi(b));
	if (strcmp(verb, "casualties") == 0)
		return casualties(atoi(a), atoi(b));
	return ENOSYS;
}

int
main(int argc, char **argv)
{
	char line[256];

	if (rte_eal_init(argc, argv) < 0) {
		answer("", rte_errno);
		return 1;
	}
	answer("secondary", 0);
	g = rte_memzone_lookup("guarded")->addr;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char w[3][64] = { "", "", "" };

		if (sscanf(line, "%63s %63s %63s", w[0], w[1], w[2]) >= 1)
			answer("", serve(w[0], w[1], w[2]));
	}
	return rte_eal_cleanup() != 0;
}
