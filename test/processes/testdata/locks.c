/* SPDX-License-Identifier: BSD-3-Clause */
/* Critical sections in C, beside those of processes in Go: see locks_test.go. It
 * answers as peer.c does. Its arguments are EAL's. */
#define ALLOW_EXPERIMENTAL_API
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mcslock.h>
#include <rte_memzone.h>
#include <rte_pflock.h>
#include <rte_rwlock.h>
#include <rte_seqlock.h>
#include <rte_spinlock.h>
#include <rte_ticketlock.h>

#define PROCESSES 4 /* as in locks_test.go */

/* As in locks_test.go: the locks, and what one of them guards at a time. */
struct stand {
	rte_spinlock_t spin;
	rte_ticketlock_t ticket;
	rte_mcslock_t *mcs;
	rte_rwlock_t rw;
	rte_pflock_t pf;
	rte_mcslock_t nodes[PROCESSES];
	struct {
		rte_seqlock_t lock;
		uint64_t value[5];
	} seq;
	uint64_t a, b; /* equal when nobody writes */
	uint64_t last, changes; /* who wrote last, and how often it was another one */
	uint32_t ready; /* processes about to begin */
};

static struct stand *s;
static unsigned int user;

/* There may be fewer CPUs than processes, and C's locks do not yield: here they try,
 * and wait as C does only when that has been in vain for long. */
#define TAKE(name, try, wait) \
	static void name(void) \
	{ \
		for (int i = 0; i < 1000; i++) { \
			if (try) \
				return; \
			sched_yield(); \
		} \
		wait; \
	}

TAKE(spin_lock, rte_spinlock_trylock(&s->spin), rte_spinlock_lock(&s->spin))
TAKE(ticket_lock, rte_ticketlock_trylock(&s->ticket), rte_ticketlock_lock(&s->ticket))
TAKE(mcs_lock, rte_mcslock_trylock(&s->mcs, &s->nodes[user]), rte_mcslock_lock(&s->mcs, &s->nodes[user]))
TAKE(rw_lock, rte_rwlock_write_trylock(&s->rw) == 0, rte_rwlock_write_lock(&s->rw))
TAKE(rw_rlock, rte_rwlock_read_trylock(&s->rw) == 0, rte_rwlock_read_lock(&s->rw))

/* This one has no try. Whoever comes in between makes it wait. */
static bool
pf_seems_free(uint16_t readers)
{
	volatile rte_pflock_t *pf = &s->pf;

	return (pf->rd.in & RTE_PFLOCK_WBITS) == 0 &&
	       ((pf->rd.in ^ pf->rd.out) & readers) == 0 && pf->wr.in == pf->wr.out;
}

TAKE(pf_lock, pf_seems_free(UINT16_MAX) && (rte_pflock_write_lock(&s->pf), true), rte_pflock_write_lock(&s->pf))
TAKE(pf_rlock, pf_seems_free(0) && (rte_pflock_read_lock(&s->pf), true), rte_pflock_read_lock(&s->pf))

static void spin_unlock(void) { rte_spinlock_unlock(&s->spin); }
static void ticket_unlock(void) { rte_ticketlock_unlock(&s->ticket); }
static void mcs_unlock(void) { rte_mcslock_unlock(&s->mcs, &s->nodes[user]); }
static void rw_unlock(void) { rte_rwlock_write_unlock(&s->rw); }
static void rw_runlock(void) { rte_rwlock_read_unlock(&s->rw); }
static void pf_unlock(void) { rte_pflock_write_unlock(&s->pf); }
static void pf_runlock(void) { rte_pflock_read_unlock(&s->pf); }

static const struct kind {
	const char *name;
	void (*lock)(void), (*unlock)(void), (*rlock)(void), (*runlock)(void);
} kinds[] = {
	{ "spin", spin_lock, spin_unlock, NULL, NULL },
	{ "ticket", ticket_lock, ticket_unlock, NULL, NULL },
	{ "mcs", mcs_lock, mcs_unlock, NULL, NULL },
	{ "rw", rw_lock, rw_unlock, rw_rlock, rw_runlock },
	{ "pf", pf_lock, pf_unlock, pf_rlock, pf_runlock },
};

/* Returns how many sections saw what another one had half done. Each 4th writes
 * where there are readers. */
static uint64_t
sections(const struct kind *k, uint64_t n)
{
	volatile uint64_t *a = &s->a, *b = &s->b;
	uint64_t torn = 0;

	__atomic_fetch_add(&s->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&s->ready, __ATOMIC_SEQ_CST) != PROCESSES)
		sched_yield();
	for (uint64_t i = 0; i < n; i++) {
		if (k->rlock != NULL && i % 4 != 0) {
			k->rlock();
			torn += *a != *b;
			k->runlock();
			continue;
		}
		k->lock();
		torn += *a != *b;
		++*a;
		if (i % 2048 == 0)
			sched_yield(); /* the others meet a holder who does not run */
		++*b;
		if (s->last != user) {
			s->last = user;
			s->changes++;
		}
		k->unlock();
	}
	return torn;
}

/* Writes n values, each of five equal numbers one above the last. */
static void
seq_write(uint64_t n)
{
	while (n--) {
		rte_seqlock_write_lock(&s->seq.lock);
		for (int i = 0; i < 5; i++)
			((volatile uint64_t *)s->seq.value)[i]++;
		rte_seqlock_write_unlock(&s->seq.lock);
	}
}

/* Reads until the value is total; returns how many were torn or went back. */
static uint64_t
seq_read(uint64_t total)
{
	uint64_t last = 0, torn = 0, v[5];

	do {
		uint32_t sn;

		do {
			sched_yield();
			sn = rte_seqlock_read_begin(&s->seq.lock);
			for (int i = 0; i < 5; i++)
				v[i] = ((volatile uint64_t *)s->seq.value)[i];
		} while (rte_seqlock_read_retry(&s->seq.lock, sn));
		for (int i = 0; i < 5; i++)
			torn += v[i] != v[0] || v[i] < last;
		last = v[0];
	} while (last < total && torn == 0);
	return torn;
}

static void
serve(const char *verb, const char *name, uint64_t n)
{
	uint64_t torn = 0;

	if (strcmp(verb, "seq-write") == 0) {
		seq_write(n);
		printf("answer {}\n");
		return;
	}
	if (strcmp(verb, "seq-read") == 0) {
		printf("answer {\"Result\":\"%"PRIu64" torn\"}\n", seq_read(n));
		return;
	}
	for (unsigned int i = 0; i < RTE_DIM(kinds); i++) {
		if (strcmp(verb, "sections") == 0 && strcmp(name, kinds[i].name) == 0) {
			torn = sections(&kinds[i], n);
			printf("answer {\"Result\":\"%"PRIu64" torn\"}\n", torn);
			return;
		}
	}
	printf("answer {\"Err\":\"no verb %s\"}\n", verb);
}

int
main(int argc, char **argv)
{
	char line[256];

	if (rte_eal_init(argc, argv) < 0) {
		printf("answer {\"Err\":\"%s\"}\n", rte_strerror(rte_errno));
		return 1;
	}
	printf("answer {\"Result\":\"secondary\"}\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		const struct rte_memzone *z = rte_memzone_lookup("stand");
		char w[2][64] = { "", "" };
		uint64_t n = 0;

		if (z == NULL)
			return 1;
		s = z->addr;
		if (sscanf(line, "%63s %u %63s %" SCNu64, w[0], &user, w[1], &n) != 4 || user >= PROCESSES)
			return 1;
		serve(w[0], w[1], n);
		fflush(stdout);
	}
	return rte_eal_cleanup() != 0;
}
