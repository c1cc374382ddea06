/* A C process that uses the table of its argument. It reads commands, one a line, and answers each with a line. Keys have 8 bytes,
 * values 8 or more, of which all words are the same. */
#define _GNU_SOURCE
#include "godpdk_table.h"

#include <inttypes.h>
#include <rte_eal.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Whether this process stops when rte_hash has added a key, or has found no place for it. */
static int late;

static int
add_and_stop(const struct rte_hash *h, const void *key, hash_sig_t hash, void *data)
{
	int r = rte_hash_add_key_with_hash_data(h, key, hash, data);

	if (late)
		raise(SIGSTOP);
	return r;
}

#define rte_hash_add_key_with_hash_data add_and_stop
#include "table.c"

static struct godpdk_table *t;

/* Whether a change may still wait for the lock: for 10 seconds from the first call on. */
static int
wait_turn(struct timespec *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (end->tv_sec == 0)
		end->tv_sec = now.tv_sec + 10;
	sched_yield();
	return now.tv_sec < end->tv_sec;
}

static int
add(uint64_t key, uint64_t word)
{
	uint64_t value[GODPDK_TABLE_MAX_SIZE / 8];
	uint32_t done;
	struct timespec end = { 0 };
	int err;

	for (uint32_t i = 0; i < t->value_size / 8; i++)
		value[i] = word;
	while ((err = godpdk_table_add(t, &key, value, 1, &done)) == EBUSY && wait_turn(&end))
		;
	return err;
}

static int
delete(uint64_t key)
{
	uint32_t done;
	struct timespec end = { 0 };
	int err;

	while ((err = godpdk_table_delete(t, &key, 1, &done)) == EBUSY && wait_turn(&end))
		;
	return err;
}

static int
get(uint64_t key, uint64_t *word)
{
	uint64_t value[GODPDK_TABLE_MAX_SIZE / 8];
	int r = godpdk_table_get(t, &key, value);

	*word = value[0];
	for (uint32_t i = 1; i < t->value_size / 8; i++)
		if (value[i] != value[0])
			return -2;
	return r;
}

/* A change in a child that is killed after so many instructions. Those of an 'o' count from the return of rte_hash on, which tries tens
 * of thousands of moves before a key overflows. */
static void
step(char op, uint64_t key, uint64_t word, unsigned long limit)
{
	pid_t child = fork();
	unsigned long n = 0;
	int status, err;

	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		late = op == 'o';
		err = op == 'd' ? delete(key) : add(key, word);
		_exit(err);
	}
	waitpid(child, &status, 0);
	if (op == 'o') {
		ptrace(PTRACE_CONT, child, NULL, NULL);
		waitpid(child, &status, 0);
	}
	while (WIFSTOPPED(status) && n++ < limit) {
		ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
		waitpid(child, &status, 0);
	}
	if (WIFEXITED(status)) {
		printf("stepped done %d %lu\n", WEXITSTATUS(status), n);
		return;
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	printf("stepped killed %lu\n", n);
}

/* Adds and deletes random keys from 1 to n, with the key in the value, without end. */
static void
busy(uint64_t n, uint64_t seed)
{
	printf("busy\n");
	fflush(stdout);
	for (;;) {
		uint64_t key;
		int err;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		key = 1 + (seed >> 33) % n;
		err = seed >> 62 ? add(key, key | seed << 32) : delete(key);
		if (err != 0 && err != ENOENT)
			exit(err);
	}
}

int
main(int argc, char **argv)
{
	char line[128], op;
	int n = rte_eal_init(argc, argv);
	struct godpdk_ptr found;
	uint64_t key, word;
	unsigned long limit;

	if (n < 0 || n + 1 >= argc)
		return 1;
	found = godpdk_table_find(argv[n + 1]);
	if (found.err != 0)
		return 2;
	t = found.ptr;
	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		int r;

		if (sscanf(line, "add %" SCNu64 " %" SCNu64, &key, &word) == 2) {
			printf("added %d\n", add(key, word));
		} else if (sscanf(line, "delete %" SCNu64, &key) == 1) {
			printf("deleted %d\n", delete(key));
		} else if (sscanf(line, "get %" SCNu64, &key) == 1) {
			r = get(key, &word);
			printf("got %d %" PRIu64 "\n", r, word);
		} else if (sscanf(line, "plain %" SCNu64, &key) == 1) {
			/* without godpdk, but for the hash */
			void *data = NULL;

			r = rte_hash_lookup_with_hash_data(rte_hash_find_existing(argv[n + 1]), &key, rte_hash_crc(&key, 8, t->seed), &data);
			printf("plain %d %" PRIuPTR "\n", r >= 0, (uintptr_t)data);
		} else if (sscanf(line, "count %" SCNu64, &key) == 1) {
			/* as if so many keys had been deleted, with none pending */
			t->pending_head = t->pending_tail = key;
			printf("counted\n");
		} else if (strcmp(line, "hold\n") == 0) {
			/* the lock, until this process ends */
			printf("held %d\n", pthread_mutex_lock(&t->lock));
		} else if (sscanf(line, "step %c %" SCNu64 " %" SCNu64 " %lu", &op, &key, &word, &limit) == 4) {
			step(op, key, word, limit);
		} else if (sscanf(line, "busy %" SCNu64 " %" SCNu64, &key, &word) == 2) {
			busy(key, word);
		} else {
			return 3;
		}
		fflush(stdout);
	}
	return rte_eal_cleanup();
}
