/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_pdump: copies of the packets of ports, for other processes. */
#ifndef GODPDK_PDUMP_H
#define GODPDK_PDUMP_H

#ifndef ALLOW_EXPERIMENTAL_API
#define ALLOW_EXPERIMENTAL_API
#endif

#include "godpdk.h"

#include <rte_bpf.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_pdump.h>
#include <rte_ring.h>

enum {
	GODPDK_PDUMP_RX = RTE_PDUMP_FLAG_RX,
	GODPDK_PDUMP_TX = RTE_PDUMP_FLAG_TX,
	/* The secondaries take part since 25.11: each must call rte_pdump_init, and the primary waits until no
	 * callback runs before it answers a request to disable. */
	GODPDK_PDUMP_SECONDARIES = RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0),
	/* The time in a copy is in cycles since 23.11, and before in nanoseconds since 1970. */
	GODPDK_PDUMP_CYCLES = RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0),
};

/* A program of libpcap: struct bpf_program and struct bpf_insn of pcap/bpf.h, which DPDK declares only. */
struct godpdk_bpf_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

struct bpf_program {
	unsigned int bf_len;
	struct godpdk_bpf_insn *bf_insns;
};

static inline int
godpdk_pdump_init(void)
{
	rte_errno = 0;
	return rte_pdump_init() == 0 ? 0 : godpdk_errno();
}

/* rte_pdump_enable_bpf with copies for pcapng: 0 or a positive errno. */
static inline int
godpdk_pdump_enable(uint16_t port, uint16_t queue, uint32_t flags, uint32_t snaplen,
		    void *ring, void *mp, const void *prm)
{
	rte_errno = 0;
	return rte_pdump_enable_bpf(port, queue, flags | RTE_PDUMP_FLAG_PCAPNG, snaplen, ring, mp, prm) == 0 ?
	       0 : godpdk_errno();
}

static inline int
godpdk_pdump_disable(uint16_t port, uint16_t queue, uint32_t flags)
{
	rte_errno = 0;
	return rte_pdump_disable(port, queue, flags) == 0 ? 0 : godpdk_errno();
}

/* rte_bpf_convert: a program in shared memory, freed with rte_free. */
static inline struct godpdk_ptr
godpdk_pdump_filter(struct godpdk_bpf_insn *ins, unsigned int n)
{
	struct bpf_program p = { n, ins };

	rte_errno = 0;
	return godpdk_result(rte_bpf_convert(&p));
}

/* The message of rte_pdump_disable and its answer. They are private to DPDK, which refuses a message of another length. */
#define GODPDK_PDUMP_ACTION "mp_pdump"

struct godpdk_pdump_request {
	uint16_t ver, op;
	uint32_t flags;
	char device[RTE_DEV_NAME_MAX_LEN];
	uint16_t queue;
	void *ring, *mp;
	const void *prm;
	uint32_t snaplen;
};

struct godpdk_pdump_answer {
	uint16_t ver, op;
	int32_t err;
};

static inline void
godpdk_pdump_disable_request(struct godpdk_pdump_request *r, const char *device, uint16_t queue, uint32_t flags)
{
	enum { V2 = 2, DISABLE = 1 };

	memset(r, 0, sizeof(*r));
	r->ver = V2;
	r->op = DISABLE;
	r->flags = flags;
	snprintf(r->device, sizeof(r->device), "%s", device);
	r->queue = queue;
}

/* rte_pdump_stats returns -errno for a port that does not exist, and -1 with rte_errno for other errors. */
static inline int
godpdk_pdump_stats(uint16_t port, struct rte_pdump_stats *stats)
{
	int ret;

	rte_errno = 0;
	ret = rte_pdump_stats(port, stats);
	return ret < -1 ? -ret : ret == 0 ? 0 : godpdk_errno();
}

/* Whether a queue of the port has a callback in this process. */
static inline int
godpdk_pdump_active(uint16_t port)
{
#ifdef RTE_ETHDEV_RXTX_CALLBACKS
	const struct rte_eth_fp_ops *p = &rte_eth_fp_ops[port];

	for (unsigned int q = 0; q < RTE_MAX_QUEUES_PER_PORT; q++) {
		if ((p->rxq.clbk != NULL && p->rxq.clbk[q] != NULL) || (p->txq.clbk != NULL && p->txq.clbk[q] != NULL))
			return 1;
	}
#endif
	return 0;
}

/* The ops of a pool, by number. Each program numbers them itself. */
static inline int
godpdk_pdump_ops(void *mp)
{
	return ((struct rte_mempool *)mp)->ops_index;
}

static inline void
godpdk_pdump_set_ops(void *mp, int index)
{
	((struct rte_mempool *)mp)->ops_index = index;
}

/* rte_pktmbuf_free_bulk of mbufs of a pool that is a ring, without the ops of the pool. */
static inline void
godpdk_pdump_free(uintptr_t *pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = (struct rte_mbuf *)pkts[i], *next;

		for (; m != NULL; m = next) {
			next = m->next;
			m = rte_pktmbuf_prefree_seg(m);
			if (m != NULL)
				rte_ring_mp_enqueue(m->pool->pool_data, m);
		}
	}
}

#endif
