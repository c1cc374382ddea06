/* SPDX-License-Identifier: BSD-3-Clause */
/* A secondary that stops in the middle of an operation on a pool or a ring. Its
 * arguments are EAL's, then "--" and:
 *
 *	pool|ring NAME  ring_mp_mc|ring_mt_rts|ring_mt_hts|stack|lf_stack  put|get  POINT  SIGNAL
 *
 * At the point "head" the head has moved (or the lock is taken), at "copy" half of
 * the objects are copied, at "tail" all are. In an lf_stack the length of a list is lowered at
 * "head", its entries are in no list at "copy", and at "tail" they are in the other list and not
 * in its length. There it sends itself the signal, with
 * POINT "all" at each of them. If it continues, it finishes the operation, returns
 * the objects that it took, and ends. */
#define ALLOW_EXPERIMENTAL_API /* of rte_stack.h, up to 23.11 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <rte_stack.h>

#define N 4

static const char *point;
static int sig;

static void
at(const char *here)
{
	if (strcmp(point, here) != 0 && strcmp(point, "all") != 0)
		return;
	printf("inside\n");
	fflush(stdout);
	raise(sig);
}

static void
die(const char *why)
{
	fprintf(stderr, "%s\n", why);
	exit(1);
}

/* Copies between objs and the slots from head on, in the middle of which it may stop. */
static void
copy(struct rte_ring *r, uint32_t head, void **objs, int put)
{
	void **slots = (void **)&r[1];
	int i;

	at("head");
	for (i = 0; i < N; i++) {
		void **slot = &slots[(head + i) & r->mask];

		if (put)
			*slot = objs[i];
		else
			objs[i] = *slot;
		if (i + 1 == N / 2)
			at("copy");
	}
	at("tail");
}

static void
multi(struct rte_ring *r, void **objs, int put)
{
	volatile uint32_t *head = put ? &r->prod.head : &r->cons.head;
	volatile uint32_t *tail = put ? &r->prod.tail : &r->cons.tail;
	uint32_t old = *head;

	while (!__atomic_compare_exchange_n(head, &old, old + N, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	copy(r, old, objs, put);
	while (__atomic_load_n(tail, __ATOMIC_ACQUIRE) != old)
		;
	__atomic_store_n(tail, old + N, __ATOMIC_RELEASE);
}

static void
rts(struct rte_ring *r, void **objs, int put)
{
	struct rte_ring_rts_headtail *ht = put ? &r->rts_prod : &r->rts_cons;
	union __rte_ring_rts_poscnt old, next, tail;

	old.raw = __atomic_load_n(&ht->head.raw, __ATOMIC_ACQUIRE);
	do {
		next.val.cnt = old.val.cnt + 1;
		next.val.pos = old.val.pos + N;
	} while (!__atomic_compare_exchange_n(&ht->head.raw, (uint64_t *)&old.raw, next.raw, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	copy(r, old.val.pos, objs, put);
	tail.raw = __atomic_load_n(&ht->tail.raw, __ATOMIC_ACQUIRE);
	do {
		old.raw = __atomic_load_n(&ht->head.raw, __ATOMIC_ACQUIRE);
		next.raw = tail.raw;
		if (++next.val.cnt == old.val.cnt)
			next.val.pos = old.val.pos;
	} while (!__atomic_compare_exchange_n(&ht->tail.raw, (uint64_t *)&tail.raw, next.raw, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
}

static void
hts(struct rte_ring *r, void **objs, int put)
{
	struct rte_ring_hts_headtail *ht = put ? &r->hts_prod : &r->hts_cons;
	union __rte_ring_hts_pos old, next;

	do {
		old.raw = __atomic_load_n(&ht->ht.raw, __ATOMIC_ACQUIRE);
		next = old;
		next.pos.head = old.pos.head + N;
	} while (old.pos.head != old.pos.tail ||
		 !__atomic_compare_exchange_n(&ht->ht.raw, (uint64_t *)&old.raw, next.raw, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	copy(r, old.pos.head, objs, put);
	__atomic_store_n(&ht->ht.pos.tail, next.pos.head, __ATOMIC_RELEASE);
}

static void
stack(struct rte_stack *s, void **objs, int put)
{
	struct rte_stack_std *std = &s->stack_std;
	int i;

	rte_spinlock_lock(&std->lock);
	at("head");
	for (i = 0; i < N; i++) {
		if (put)
			std->objs[std->len + i] = objs[i];
		else
			objs[i] = std->objs[std->len - 1 - i];
		if (i + 1 == N / 2)
			at("copy");
	}
	at("tail");
	std->len += put ? N : -N;
	rte_spinlock_unlock(&std->lock);
}

/* __rte_stack_lf_push and __rte_stack_lf_pop. */
static void
lock_free(struct rte_stack *s, void **objs, int put)
{
	struct rte_stack_lf_list *from = put ? &s->stack_lf.free : &s->stack_lf.used;
	struct rte_stack_lf_list *to = put ? &s->stack_lf.used : &s->stack_lf.free;
	struct rte_stack_lf_elem *first, *last = NULL, *e;
	int i;

	__atomic_sub_fetch(&from->len, N, __ATOMIC_SEQ_CST);
	at("head");
	__atomic_add_fetch(&from->len, N, __ATOMIC_SEQ_CST);
	do
		first = __rte_stack_lf_pop_elems(from, N, put ? NULL : objs, &last);
	while (first == NULL);
	at("copy");
	for (i = 0, e = first; put && i < N; i++, e = e->next)
		e->data = objs[N - i - 1];
	__rte_stack_lf_push_elems(to, first, last, N);
	__atomic_sub_fetch(&to->len, N, __ATOMIC_SEQ_CST);
	at("tail");
	__atomic_add_fetch(&to->len, N, __ATOMIC_SEQ_CST);
}

int
main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv), put, pool;
	struct rte_mempool *mp = NULL;
	struct rte_ring *r = NULL;
	void *objs[N];
	const char *ops;

	if (used < 0)
		die("rte_eal_init");
	argc -= used;
	argv += used;
	if (argc != 7)
		die("arguments");
	pool = strcmp(argv[1], "pool") == 0;
	ops = argv[3];
	put = strcmp(argv[4], "put") == 0;
	point = argv[5];
	sig = atoi(argv[6]);
	if (pool) {
		mp = rte_mempool_lookup(argv[2]);
		if (mp == NULL)
			die("no pool");
		r = mp->pool_data;
		if (put && rte_mempool_get_bulk(mp, objs, N) != 0)
			die("the pool is empty");
	} else {
		r = rte_ring_lookup(argv[2]);
		if (r == NULL)
			die("no ring");
		while (put ? rte_ring_dequeue_bulk(r, objs, N, NULL) == 0 : rte_ring_count(r) < N)
			;
	}
	if (strcmp(ops, "ring_mp_mc") == 0)
		multi(r, objs, put);
	else if (strcmp(ops, "ring_mt_rts") == 0)
		rts(r, objs, put);
	else if (strcmp(ops, "ring_mt_hts") == 0)
		hts(r, objs, put);
	else if (strcmp(ops, "stack") == 0)
		stack(mp->pool_data, objs, put);
	else
		lock_free(mp->pool_data, objs, put);
	if (!put && pool)
		rte_mempool_put_bulk(mp, objs, N);
	else if (!put)
		while (rte_ring_enqueue_bulk(r, objs, N, NULL) == 0)
			;
	printf("done\n");
	fflush(stdout);
	return 0;
}
