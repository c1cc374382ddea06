/* SPDX-License-Identifier: BSD-3-Clause */
/* A DPDK process in C on the other side of the tests: it does what standard
 * input asks, a line each, and answers each with one line of JSON, as the
 * processes in Go do. Its arguments are EAL's. */
#define _GNU_SOURCE /* fopencookie */
#define ALLOW_EXPERIMENTAL_API
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_eal_memconfig.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_memzone.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#define TOTAL (1 << 20) /* as in messages_test.go */
#define BURST 32
#define MIX UINT64_C(0x9E3779B97F4A7C15)

struct message {
	uint64_t seq, payload, sum;
};

/* What all processes count; Go sees it as a struct of atomic.Uint64. */
struct board {
	uint64_t sent, received, torn, disordered, doubled;
	uint64_t seen[TOTAL / 64];
};

struct job {
	struct rte_ring *ring;
	struct board *board;
	uint64_t first, step, total;
};

/* rte_malloc_dump_heaps writes this with the lock of a heap. */
static ssize_t
stop_at_heap(void *arg, const char *text, size_t len)
{
	(void)arg;
	if (strncmp(text, "Heap size", 9) == 0) {
		printf("has the locks\n");
		fflush(stdout);
		pause();
	}
	return len;
}

static void
answer(const char *result)
{
	printf("answer {\"Result\":\"%s\"}\n", result);
	fflush(stdout);
}

static void
refuse(int err)
{
	printf("answer {\"Err\":\"%s\"}\n", rte_strerror(err));
	fflush(stdout);
}

static void
count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_SEQ_CST);
}

static void *
produce(void *arg)
{
	const struct job *j = arg;
	struct message m[BURST];
	uint64_t seq = j->first;

	while (seq < j->total) {
		unsigned int want = 1 + seq % BURST, n = 0, in = 0;

		for (; n < want && seq < j->total; n++, seq += j->step) {
			m[n].seq = seq;
			m[n].payload = seq * MIX;
			m[n].sum = ~(m[n].seq ^ m[n].payload);
		}
		while (in < n) {
			unsigned int k = rte_ring_enqueue_burst_elem(j->ring,
					&m[in], sizeof(m[0]), n - in, NULL);

			if (k == 0)
				sched_yield();
			in += k;
		}
		count(&j->board->sent, n);
	}
	return NULL;
}

static void
check(const struct job *j, const struct message *m, int64_t *last)
{
	struct board *b = j->board;

	if (m->payload != m->seq * MIX || m->sum != ~(m->seq ^ m->payload) ||
	    m->seq >= j->total) {
		count(&b->torn, 1);
		return;
	}
	if ((int64_t)m->seq <= last[m->seq % j->step])
		count(&b->disordered, 1);
	last[m->seq % j->step] = m->seq;

	uint64_t bit = UINT64_C(1) << m->seq % 64;

	if (__atomic_fetch_or(&b->seen[m->seq / 64], bit, __ATOMIC_SEQ_CST) & bit)
		count(&b->doubled, 1);
}

static void *
consume(void *arg)
{
	const struct job *j = arg;
	int64_t last[2] = { -1, -1 };

	for (;;) {
		/* Read first: what is empty after the last was sent stays empty. */
		bool all = __atomic_load_n(&j->board->sent, __ATOMIC_SEQ_CST) == j->total;
		struct message m[BURST];
		unsigned int n = rte_ring_dequeue_burst_elem(j->ring, m, sizeof(m[0]), BURST, NULL);

		if (n == 0 && all)
			return NULL;
		if (n == 0)
			sched_yield();
		for (unsigned int i = 0; i < n; i++)
			check(j, &m[i], last);
		count(&j->board->received, n);
	}
}

static void
both(struct job *j)
{
	pthread_t producer;

	if (pthread_create(&producer, NULL, produce, j) != 0)
		rte_panic("no thread\n");
	consume(j);
	pthread_join(producer, NULL);
}

/* The calls for rings of pointers. */
static void
produce_pointers(struct rte_ring *r, uint64_t total)
{
	for (uint64_t i = 0; i < total; i += 8) {
		void *p[8];

		for (unsigned int k = 0; k < 8; k++)
			p[k] = (void *)(uintptr_t)((i + k) * MIX);
		while (rte_ring_enqueue_bulk(r, p, 8, NULL) == 0)
			sched_yield();
	}
}

/* Returns how many differ from what produce_pointers sends. */
static uint64_t
consume_pointers(struct rte_ring *r, uint64_t total)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < total; i += 8) {
		void *p[8];

		while (rte_ring_dequeue_bulk(r, p, 8, NULL) == 0)
			sched_yield();
		for (unsigned int k = 0; k < 8; k++)
			wrong += (uintptr_t)p[k] != (uintptr_t)((i + k) * MIX);
	}
	return wrong;
}

static unsigned int
mode(const char *sync)
{
	if (strcmp(sync, "single") == 0)
		return RING_F_SP_ENQ | RING_F_SC_DEQ;
	if (strcmp(sync, "rts") == 0)
		return RING_F_MP_RTS_ENQ | RING_F_MC_RTS_DEQ;
	if (strcmp(sync, "hts") == 0)
		return RING_F_MP_HTS_ENQ | RING_F_MC_HTS_DEQ;
	return 0;
}

static void
serve(const char *verb, const char *name, const char *a, const char *b, const char *c)
{
	const struct rte_memzone *z;
	struct rte_ring *r;
	char text[64] = "";

	if (strcmp(verb, "create") == 0) { /* a ring: name, count, element size, mode */
		r = rte_ring_create_elem(name, atoi(b), atoi(a), SOCKET_ID_ANY, mode(c));
		return r != NULL ? answer("") : refuse(rte_errno);
	}
	if (strcmp(verb, "board") == 0) {
		z = rte_memzone_reserve(name, sizeof(struct board), SOCKET_ID_ANY, 0);
		if (z == NULL)
			return refuse(rte_errno);
		memset(z->addr, 0, sizeof(struct board));
		return answer("");
	}
	if (strcmp(verb, "hold-locks") == 0) { /* of EAL, for reading */
		rte_mcfg_mempool_read_lock();
		rte_mcfg_tailq_read_lock();
		rte_mcfg_mem_read_lock();
		return answer("");
	}
	if (strcmp(verb, "change-locks") == 0) { /* of EAL, for writing, and the lock of a heap: it does not return */
		rte_mcfg_timer_lock();
		rte_mcfg_mempool_write_lock();
		rte_mcfg_tailq_write_lock();
		FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = stop_at_heap });
		setvbuf(f, NULL, _IONBF, 0);
		rte_malloc_dump_heaps(f);
		return refuse(ENOENT);
	}
	if (strcmp(verb, "zone") == 0) { /* a zone, its size and the text in it */
		z = rte_memzone_lookup(name);
		if (z == NULL)
			return refuse(ENOENT);
		snprintf(text, sizeof(text), "%zu %.40s", z->len, (char *)z->addr);
		return answer(text);
	}

	r = rte_ring_lookup(name);
	if (r == NULL)
		return refuse(rte_errno);
	z = rte_memzone_lookup("board");
	struct job j = { r, z ? z->addr : NULL, atoi(a), atoi(b), atoi(c) };

	if (strcmp(verb, "ring") == 0)
		snprintf(text, sizeof(text), "%u", rte_ring_get_capacity(r));
	else if (strcmp(verb, "produce-pointers") == 0)
		produce_pointers(r, atoi(a));
	else if (strcmp(verb, "consume-pointers") == 0)
		snprintf(text, sizeof(text), "%"PRIu64" wrong", consume_pointers(r, atoi(a)));
	else if (j.board == NULL || j.step < 1 || j.step > 2)
		return refuse(EINVAL);
	else if (strcmp(verb, "produce") == 0)
		produce(&j);
	else if (strcmp(verb, "consume") == 0)
		consume(&j);
	else if (strcmp(verb, "both") == 0)
		both(&j);
	else
		return refuse(ENOSYS);
	answer(text);
}

int
main(int argc, char **argv)
{
	char line[256];

	if (rte_eal_init(argc, argv) < 0) {
		refuse(rte_errno);
		return 1;
	}
	answer(rte_eal_process_type() == RTE_PROC_PRIMARY ? "primary" : "secondary");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char w[5][64] = { "", "", "", "", "" };

		if (sscanf(line, "%63s %63s %63s %63s %63s", w[0], w[1], w[2], w[3], w[4]) < 1)
			continue;
		serve(w[0], w[1], w[2], w[3], w[4]);
	}
	return rte_eal_cleanup() != 0;
}
