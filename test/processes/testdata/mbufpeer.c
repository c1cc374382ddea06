/* SPDX-License-Identifier: BSD-3-Clause */
/* A DPDK process in C that shares mbufs with the processes in Go: it does what
 * standard input asks, as peer.c does. Its arguments are EAL's. */
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <rte_ring.h>

#define BURST 32
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

/* Sends total packets, numbered from 0, with a chain and a clone now and then. */
static unsigned int
packets_send(struct rte_mempool *mp, struct rte_ring *r, unsigned int total)
{
	unsigned int sent = 0;

	while (sent < total) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(mp), *tail;
		struct rte_ether_hdr *e;
		uint32_t *seq;

		if (m == NULL) {
			sched_yield();
			continue;
		}
		e = (void *)rte_pktmbuf_append(m, 64);
		memset(&e->dst_addr, 0xd0, 6);
		memset(&e->src_addr, 0x50, 6);
		seq = rte_pktmbuf_mtod_offset(m, uint32_t *, 16);
		*seq = sent;
		if (sent % 7 == 0 && (tail = rte_pktmbuf_alloc(mp)) != NULL) {
			rte_pktmbuf_append(tail, 32);
			rte_pktmbuf_chain(m, tail);
		}
		while (rte_ring_enqueue(r, m) != 0)
			sched_yield();
		sent++;
	}
	return sent;
}

/* Swaps the addresses of total packets and hands them on. */
static unsigned int
packets_work(struct rte_ring *in, struct rte_ring *out, unsigned int total)
{
	unsigned int done = 0, wrong = 0;

	while (done < total) {
		struct rte_mbuf *m[BURST];
		unsigned int n = rte_ring_dequeue_burst(in, (void **)m, BURST, NULL), i, k;

		if (n == 0)
			sched_yield();
		for (i = 0; i < n; i++) {
			struct rte_ether_hdr *e = rte_pktmbuf_mtod(m[i], struct rte_ether_hdr *);
			struct rte_ether_addr a = e->dst_addr;
			const char *reason;

			wrong += rte_mbuf_check(m[i], 1, &reason) != 0 || a.addr_bytes[5] != 0xd0;
			e->dst_addr = e->src_addr;
			e->src_addr = a;
		}
		for (k = 0; k < n; )
			k += rte_ring_enqueue_burst(out, (void **)&m[k], n - k, NULL);
		done += n;
	}
	return wrong;
}

/* Takes total swapped packets and frees them; returns how many were wrong. */
static unsigned int
packets_take(struct rte_ring *in, unsigned int total)
{
	unsigned int done = 0, wrong = 0;

	while (done < total) {
		struct rte_mbuf *m[BURST];
		unsigned int n = rte_ring_dequeue_burst(in, (void **)m, BURST, NULL);

		if (n == 0)
			sched_yield();
		for (unsigned int i = 0; i < n; i++) {
			const char *reason;
			const struct rte_ether_hdr *e = rte_pktmbuf_mtod(m[i], struct rte_ether_hdr *);

			wrong += rte_mbuf_check(m[i], 1, &reason) != 0 ||
				e->dst_addr.addr_bytes[0] != 0x50 || e->src_addr.addr_bytes[0] != 0xd0;
		}
		rte_pktmbuf_free_bulk(m, n);
		done += n;
	}
	return wrong;
}

static void
serve(char w[5][64])
{
	struct rte_mempool *mp = rte_mempool_lookup(w[1]);
	struct rte_ring *a = rte_ring_lookup(w[1]), *b = rte_ring_lookup(w[2]);
	char text[64] = "";

	if (strcmp(w[0], "mbuf-pool") == 0) {
		mp = rte_pktmbuf_pool_create(w[1], atoi(w[2]), 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
		return mp != NULL ? answer("") : refuse(rte_errno);
	}
	if (strcmp(w[0], "mbuf-field") == 0) {
		struct rte_mbuf_dynfield f = { .size = 8, .align = 8 };
		int off;

		snprintf(f.name, sizeof(f.name), "%s", w[1]);
		off = rte_mbuf_dynfield_register(&f);
		if (off < 0)
			return refuse(rte_errno);
		snprintf(text, sizeof(text), "%d", off);
		return answer(text);
	}
	if (strcmp(w[0], "mbuf-ring") == 0)
		return rte_ring_create(w[1], 256, SOCKET_ID_ANY, 0) != NULL ? answer("") : refuse(rte_errno);
	if (strcmp(w[0], "mbuf-take") == 0) {
		if (a == NULL)
			return refuse(ENOENT);
		snprintf(text, sizeof(text), "%u wrong", packets_take(a, atoi(w[2])));
		return answer(text);
	}
	if (strcmp(w[0], "mbuf-work") == 0) {
		if (a == NULL || b == NULL)
			return refuse(ENOENT);
		snprintf(text, sizeof(text), "%u wrong", packets_work(a, b, atoi(w[3])));
		return answer(text);
	}
	if (mp == NULL)
		return refuse(ENOENT);
	if (strcmp(w[0], "mbuf-send") == 0) {
		if (b == NULL)
			return refuse(ENOENT);
		packets_send(mp, b, atoi(w[3]));
	} else if (strcmp(w[0], "mbuf-available") == 0) {
		snprintf(text, sizeof(text), "%u of %u", rte_mempool_avail_count(mp), mp->size);
	} else {
		return refuse(ENOSYS);
	}
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
		serve(w);
	}
	return rte_eal_cleanup() != 0;
}
