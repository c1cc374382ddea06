/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: ports, their configuration, and bursts. */
#ifndef GODPDK_ETHDEV_H
#define GODPDK_ETHDEV_H

#include "godpdk.h"

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_ethdev.h>
#include <rte_log.h>
#include <rte_mbuf.h>

/* The flag of ports that are members of a bonding port; renamed in 23.11. */
#ifdef RTE_ETH_DEV_BONDING_MEMBER
#define GODPDK_ETH_DEV_BONDED RTE_ETH_DEV_BONDING_MEMBER
#else
#define GODPDK_ETH_DEV_BONDED RTE_ETH_DEV_BONDED_SLAVE
#endif

/* rte_eth_find_next: the first existing port from id on, whatever its owner, or a negative
 * number. */
static inline int
godpdk_eth_find_next(uint16_t id)
{
	uint16_t found = rte_eth_find_next(id);

	return found < RTE_MAX_ETHPORTS ? found : -1;
}

/* rte_eth_dev_get_name_by_port, without its logged error if the port does not exist: 0 or a
 * positive errno. */
static inline int
godpdk_eth_name(uint16_t port, char name[RTE_ETH_NAME_MAX_LEN])
{
	name[0] = '\0';
	if (!rte_eth_dev_is_valid_port(port))
		return ENODEV;
	return godpdk_neg(rte_eth_dev_get_name_by_port(port, name));
}

/* rte_dev_probe: 0 or a positive errno. Many drivers fail with -1, which does not mean
 * EPERM; rte_errno is then left over from an earlier function. */
static inline int
godpdk_dev_probe(const char *devargs)
{
	int ret = rte_dev_probe(devargs);

	return ret == -1 ? EINVAL : godpdk_neg(ret);
}

/* Whether a driver exists for the virtual device of that name. */
static inline int
godpdk_vdev_driver(const char *name)
{
	struct rte_devargs da;
	int ret;

	memset(&da, 0, sizeof(da));
	if (rte_devargs_parse(&da, name) != 0)
		return 0;
	ret = da.bus != NULL && strcmp(rte_bus_name(da.bus), "vdev") == 0;
	free(da.data); /* as rte_devargs_reset does, which is experimental in 22.11 */
	return ret;
}

/* Whether a driver has probed the device that devargs name: 1 or 0, or a negative errno if
 * its bus does not support the query. The iterator is experimental in 22.11. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static inline int
godpdk_dev_probed(const char *devargs)
{
	char find[2 * RTE_DEV_NAME_MAX_LEN];
	const struct rte_device *dev;
	struct rte_dev_iterator it;
	struct rte_devargs da;
	const char *bus;
	int ret;

	memset(&da, 0, sizeof(da));
	memset(&it, 0, sizeof(it));
	if (rte_devargs_parse(&da, devargs) != 0)
		return 0;
	bus = rte_bus_name(da.bus);
	snprintf(find, sizeof(find), "bus=%s,%s=%s", bus, strcmp(bus, "pci") == 0 ? "addr" : "name", da.name);
	free(da.data);
	rte_errno = 0; /* rte_dev_iterator_init returns it even if an earlier function set it */
	ret = rte_dev_iterator_init(&it, find);
	if (ret != 0)
		return ret;
	dev = rte_dev_iterator_next(&it);
	return dev != NULL && rte_dev_is_probed(dev);
}
#pragma GCC diagnostic pop

/* rte_dev_remove of the device of a port: 0 or a positive errno. A bonding device is busy
 * as long as it has members; closing its port releases them.
 *
 * A secondary can know a device without having attached it: one that the primary makes itself, such as a
 * port from rings, becomes known to all secondaries when another one starts. Its answer is ENODEV. DPDK
 * then undoes the removal, for which all secondaries attach the device: so the second attempt succeeds. */
static inline int
godpdk_eth_detach(uint16_t port)
{
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(port, &info);

	if (ret != 0)
		return godpdk_neg(ret);
	if (info.device == NULL)
		return ENODEV;
	if (rte_eal_process_type() == RTE_PROC_PRIMARY && info.driver_name != NULL &&
	    strcmp(info.driver_name, "net_bonding") == 0) {
		ret = rte_eth_dev_close(port);
		if (ret != 0)
			return godpdk_neg(ret);
	}
	rte_errno = 0;
	ret = rte_dev_remove(info.device);
	if (ret == -ENODEV || (ret == -1 && rte_errno == ENODEV))
		ret = rte_dev_remove(info.device);
	return ret == -1 ? godpdk_errno() : godpdk_neg(ret);
}

/* All ports that devargs match: their number or a negative errno. */
static inline int
godpdk_eth_match(const char *devargs, uint16_t ids[RTE_MAX_ETHPORTS])
{
	struct rte_dev_iterator it;
	uint16_t id;
	int n = 0;
	int ret = rte_eth_iterator_init(&it, devargs);

	if (ret != 0)
		return ret;
	for (id = rte_eth_iterator_next(&it); id != RTE_MAX_ETHPORTS; id = rte_eth_iterator_next(&it))
		if (n < RTE_MAX_ETHPORTS)
			ids[n++] = id;
	return n;
}

/* struct rte_eth_dev_info has fields that cgo cannot read. */
static inline uint32_t
godpdk_eth_dev_flags(const struct rte_eth_dev_info *i)
{
	return i->dev_flags != NULL ? *i->dev_flags : 0;
}

/* The name of the device of a port. It can differ from the port's name. */
static inline const char *
godpdk_eth_device(const struct rte_eth_dev_info *i)
{
	return i->device != NULL ? rte_dev_name(i->device) : "";
}

/* The configuration of a port. */
struct godpdk_eth_conf {
	uint16_t rx_queues, tx_queues;
	uint32_t link_speeds, loopback, mtu, max_lro;
	uint64_t rx_offloads, tx_offloads;
	uint64_t rss_types;
	uint8_t rss_key_len;
	uint8_t lsc, rxq, rmv; /* interrupts */
};

/* rte_eth_dev_configure with a key of rss_key_len bytes: 0 or a positive errno. */
static inline int
godpdk_eth_configure(uint16_t port, const struct godpdk_eth_conf *c, uint8_t *key)
{
	struct rte_eth_conf conf;

	memset(&conf, 0, sizeof(conf));
	conf.link_speeds = c->link_speeds;
	conf.lpbk_mode = c->loopback;
	conf.rxmode.mtu = c->mtu;
	conf.rxmode.max_lro_pkt_size = c->max_lro;
	conf.rxmode.offloads = c->rx_offloads;
	conf.txmode.offloads = c->tx_offloads;
	if (c->rss_types != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = c->rss_types;
		if (c->rss_key_len != 0) {
			conf.rx_adv_conf.rss_conf.rss_key = key;
			conf.rx_adv_conf.rss_conf.rss_key_len = c->rss_key_len;
		}
	}
	conf.intr_conf.lsc = c->lsc;
	conf.intr_conf.rxq = c->rxq;
	conf.intr_conf.rmv = c->rmv;
	return godpdk_neg(rte_eth_dev_configure(port, c->rx_queues, c->tx_queues, &conf));
}

/* The configuration of a queue. Negative thresholds select the driver's defaults. */
struct godpdk_eth_queue_conf {
	uint16_t descriptors;
	int socket;
	int32_t pthresh, hthresh, wthresh, free_thresh, rs_thresh;
	int8_t drop;
	uint8_t deferred;
	uint64_t offloads;
};

static inline void
godpdk_eth_thresh(struct rte_eth_thresh *t, const struct godpdk_eth_queue_conf *c)
{
	if (c->pthresh >= 0)
		t->pthresh = c->pthresh;
	if (c->hthresh >= 0)
		t->hthresh = c->hthresh;
	if (c->wthresh >= 0)
		t->wthresh = c->wthresh;
}

/* rte_eth_rx_queue_setup: 0 or a positive errno. */
static inline int
godpdk_eth_rx_setup(uint16_t port, uint16_t queue, const struct godpdk_eth_queue_conf *c,
		    struct rte_mempool *pool)
{
	struct rte_eth_dev_info info;
	struct rte_eth_rxconf conf;
	int ret = rte_eth_dev_info_get(port, &info);

	if (ret != 0)
		return godpdk_neg(ret);
	conf = info.default_rxconf;
	godpdk_eth_thresh(&conf.rx_thresh, c);
	if (c->free_thresh >= 0)
		conf.rx_free_thresh = c->free_thresh;
	if (c->drop >= 0)
		conf.rx_drop_en = c->drop;
	conf.rx_deferred_start = c->deferred;
	conf.offloads = c->offloads;
	return godpdk_neg(rte_eth_rx_queue_setup(port, queue, c->descriptors, c->socket, &conf, pool));
}

/* rte_eth_tx_queue_setup: 0 or a positive errno. */
static inline int
godpdk_eth_tx_setup(uint16_t port, uint16_t queue, const struct godpdk_eth_queue_conf *c)
{
	struct rte_eth_dev_info info;
	struct rte_eth_txconf conf;
	int ret = rte_eth_dev_info_get(port, &info);

	if (ret != 0)
		return godpdk_neg(ret);
	conf = info.default_txconf;
	godpdk_eth_thresh(&conf.tx_thresh, c);
	if (c->free_thresh >= 0)
		conf.tx_free_thresh = c->free_thresh;
	if (c->rs_thresh >= 0)
		conf.tx_rs_thresh = c->rs_thresh;
	conf.tx_deferred_start = c->deferred;
	conf.offloads = c->offloads;
	return godpdk_neg(rte_eth_tx_queue_setup(port, queue, c->descriptors, c->socket, &conf));
}

/* The burst function of drivers that have none. DPDK exports it but declares it for drivers
 * only. */
uint16_t rte_eth_pkt_burst_dummy(void *queue, struct rte_mbuf **pkts, uint16_t n);

/* Whether a burst function moves nothing: NULL, the dummy of drivers, or the function of
 * ports that do not exist. */
static inline int
godpdk_eth_no_burst(const void *burst, int tx)
{
	uint16_t id;

	if (burst == NULL || burst == (const void *)rte_eth_pkt_burst_dummy)
		return 1;
	for (id = 0; id < RTE_MAX_ETHPORTS; id++)
		if (!rte_eth_dev_is_valid_port(id))
			return burst == (tx ? (const void *)rte_eth_fp_ops[id].tx_pkt_burst
					    : (const void *)rte_eth_fp_ops[id].rx_pkt_burst);
	return 0;
}

/* Whether this process can poll a queue: 0 or a positive errno. ENOTSUP means that the
 * driver has no burst function here. ENODEV means that the queue was not set up, or only
 * after a secondary probed the port: it copies the addresses of the queues when it probes. */
static inline int
godpdk_eth_queue_ready(uint16_t port, uint16_t queue, int tx)
{
	const struct rte_eth_fp_ops *p = &rte_eth_fp_ops[port];
	void **data = tx ? p->txq.data : p->rxq.data;

	if (godpdk_eth_no_burst(tx ? (const void *)p->tx_pkt_burst : (const void *)p->rx_pkt_burst, tx))
		return ENOTSUP;
	return data != NULL && data[queue] != NULL ? 0 : ENODEV;
}

/* rte_eth_rx_queue_info_get or rte_eth_tx_queue_info_get: 0 or a positive errno. */
struct godpdk_eth_queue_info {
	struct rte_mempool *pool;
	uint32_t descriptors, buf_size;
	uint64_t offloads;
	uint8_t state, scattered, deferred;
};

static inline int
godpdk_eth_queue_info(uint16_t port, uint16_t queue, int tx, struct godpdk_eth_queue_info *i)
{
	int ret;

	memset(i, 0, sizeof(*i));
	if (tx) {
		struct rte_eth_txq_info q;

		ret = rte_eth_tx_queue_info_get(port, queue, &q);
		if (ret != 0)
			return godpdk_neg(ret);
		i->descriptors = q.nb_desc;
		i->offloads = q.conf.offloads;
		i->state = q.queue_state;
		i->deferred = q.conf.tx_deferred_start;
		return 0;
	}
	struct rte_eth_rxq_info q;

	ret = rte_eth_rx_queue_info_get(port, queue, &q);
	if (ret != 0)
		return godpdk_neg(ret);
	i->pool = q.mp;
	i->descriptors = q.nb_desc;
	i->buf_size = q.rx_buf_size;
	i->offloads = q.conf.offloads;
	i->state = q.queue_state;
	i->scattered = q.scattered_rx;
	i->deferred = q.conf.rx_deferred_start;
	return 0;
}

/* godpdk_eth_queue_info without DPDK's logged error if the queue is not set up. It changes
 * the level of ethdev's log meanwhile, so only one call at a time is allowed. */
static inline int
godpdk_eth_queue_look(uint16_t port, uint16_t queue, int tx, struct godpdk_eth_queue_info *i)
{
	int type = rte_log_register("lib.ethdev"); /* returns the existing type */
	int level = rte_log_get_level(type);
	int ret;

	if (level > (int)RTE_LOG_CRIT)
		rte_log_set_level(type, RTE_LOG_CRIT);
	ret = godpdk_eth_queue_info(port, queue, tx, i);
	if (level > (int)RTE_LOG_CRIT)
		rte_log_set_level(type, level);
	return ret;
}

/* rte_eth_rx_burst_mode_get or rte_eth_tx_burst_mode_get: 0 or a positive errno. */
static inline int
godpdk_eth_burst_mode(uint16_t port, uint16_t queue, int tx, struct rte_eth_burst_mode *m)
{
	memset(m, 0, sizeof(*m));
	return godpdk_neg(tx ? rte_eth_tx_burst_mode_get(port, queue, m)
			     : rte_eth_rx_burst_mode_get(port, queue, m));
}

/* rte_eth_dev_rx_queue_start, …_stop, or the same of tx: 0 or a positive errno. */
static inline int
godpdk_eth_queue_switch(uint16_t port, uint16_t queue, int tx, int on)
{
	if (tx)
		return godpdk_neg(on ? rte_eth_dev_tx_queue_start(port, queue)
				     : rte_eth_dev_tx_queue_stop(port, queue));
	return godpdk_neg(on ? rte_eth_dev_rx_queue_start(port, queue)
			     : rte_eth_dev_rx_queue_stop(port, queue));
}

/* The gate of a queue. A port must not be stopped, closed or detached during a burst, and
 * this must cost the poller little: it sets busy and checks whether the gate is open. The
 * other side closes the gate, makes all threads of the process pass a barrier
 * (membarrier(2)), and waits until busy is 0. count is set where the kernel has no such
 * barrier, and where several goroutines may poll at once (RTE_ETH_TX_OFFLOAD_MT_LOCKFREE):
 * busy is then changed by atomic additions, which are barriers. */
struct godpdk_eth_queue {
	uint32_t busy; /* running bursts */
	uint32_t open; /* bursts may run */
	uint32_t count;
	uint32_t nil; /* 1 + the index of a nil that ended a transmit burst */
	uint16_t port, queue;
} __rte_cache_aligned;

static inline uint32_t
godpdk_eth_enter(struct godpdk_eth_queue *q)
{
	if (unlikely(q->count)) {
		__atomic_fetch_add(&q->busy, 1, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	} else {
		__atomic_store_n(&q->busy, 1, __ATOMIC_RELAXED);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
	}
	return __atomic_load_n(&q->open, __ATOMIC_ACQUIRE);
}

static inline void
godpdk_eth_leave(struct godpdk_eth_queue *q)
{
	if (unlikely(q->count))
		__atomic_fetch_sub(&q->busy, 1, __ATOMIC_RELEASE);
	else
		__atomic_store_n(&q->busy, 0, __ATOMIC_RELEASE);
}

/* rte_eth_rx_burst, or 0 at a closed gate. pkts has pointers to mbufs: as uintptr_t, the
 * runtime's cgo pointer check has nothing to walk. */
static inline uint32_t
godpdk_eth_rx(struct godpdk_eth_queue *q, uintptr_t *pkts, uint32_t n)
{
	uint32_t got = 0;

	if (likely(godpdk_eth_enter(q)))
		got = rte_eth_rx_burst(q->port, q->queue, (struct rte_mbuf **)pkts, n);
	godpdk_eth_leave(q);
	return got;
}

/* The number of packets before the first nil. Without a nil, eight addresses of one pool have
 * a common bit. Wider loads would wait until the receive burst's stores are in the cache. */
static inline uint32_t
godpdk_eth_until_nil(struct godpdk_eth_queue *q, const uintptr_t *pkts, uint32_t n)
{
	const uintptr_t *p = pkts, *end = pkts + n;

	for (; end - p >= 8; p += 8)
		if (unlikely((p[0] & p[1] & p[2] & p[3] & p[4] & p[5] & p[6] & p[7]) == 0))
			break;
	for (; p < end; p++)
		if (unlikely(*p == 0)) {
			q->nil = p - pkts + 1;
			break;
		}
	return p - pkts;
}

/* rte_eth_tx_burst of the packets before the first nil, or 0 at a closed gate. */
static inline uint32_t
godpdk_eth_tx(struct godpdk_eth_queue *q, uintptr_t *pkts, uint32_t n)
{
	uint32_t sent = 0;

	n = godpdk_eth_until_nil(q, pkts, n);
	if (likely(godpdk_eth_enter(q)))
		sent = rte_eth_tx_burst(q->port, q->queue, (struct rte_mbuf **)pkts, n);
	godpdk_eth_leave(q);
	return sent;
}

/* rte_eth_tx_prepare of the packets before the first nil: the number of good ones. *err is
 * a positive errno if the next packet cannot be sent. */
static inline uint32_t
godpdk_eth_prepare(struct godpdk_eth_queue *q, uintptr_t *pkts, uint32_t n, int *err)
{
	uint32_t good = 0;

	*err = 0;
	n = godpdk_eth_until_nil(q, pkts, n);
	if (likely(godpdk_eth_enter(q))) {
		rte_errno = 0;
		good = rte_eth_tx_prepare(q->port, q->queue, (struct rte_mbuf **)pkts, n);
		if (good < n)
			*err = godpdk_errno();
	}
	godpdk_eth_leave(q);
	return good;
}

/* Both directions in one call: send, free the refused packets if drop is set, receive. */
static inline uint32_t
godpdk_eth_swap(struct godpdk_eth_queue *txq, uintptr_t *out, uint32_t nout,
		struct godpdk_eth_queue *rxq, uintptr_t *in, uint32_t nin,
		int drop, uint32_t *received)
{
	uint32_t sent = nout > 0 ? godpdk_eth_tx(txq, out, nout) : 0;

	if (drop && unlikely(sent < nout))
		rte_pktmbuf_free_bulk((struct rte_mbuf **)out + sent, nout - sent);
	*received = godpdk_eth_rx(rxq, in, nin);
	return sent;
}

/* The arguments of fastcall.Burst and fastcall.Exchange: the function, and its parameters. */
struct godpdk_eth_burst {
	const void *fn;
	struct godpdk_eth_queue *q;
	uintptr_t *pkts;
	uint64_t n;
};

struct godpdk_eth_exchange {
	const void *fn;
	struct godpdk_eth_queue *tx;
	uintptr_t *out;
	uint64_t nout;
	struct godpdk_eth_queue *rx;
	uintptr_t *in;
	uint64_t nin;
	uint64_t drop;
};

/* The bursts for fastcall. If a queue has callbacks, they do nothing and return
 * GODPDK_ETH_BY_CGO: callbacks of pdump or latencystats take locks, and nobody has measured
 * the stack that others need. An exchange returns the number of sent packets in its lower 32
 * bits, and of received ones in the upper ones. Each of them can be GODPDK_ETH_BY_CGO. If the
 * first is, nothing was received. */
#define GODPDK_ETH_BY_CGO (-1)
int64_t godpdk_eth_rx_direct(const struct godpdk_eth_burst *b);
int64_t godpdk_eth_tx_direct(const struct godpdk_eth_burst *b);
int64_t godpdk_eth_swap_direct(const struct godpdk_eth_exchange *e);

/* Notes the name of a port's driver, a constant of the driver, for godpdk_eth_blame. */
void godpdk_eth_note_driver(uint16_t port, const char *name);

/* Writes which port and driver the fast call with these arguments is about, or an empty string.
 * It is for signal handlers. */
void godpdk_eth_blame(const void *args, char *text, size_t size);

/* rte_eth_tx_done_cleanup: the number of freed mbufs or a negative errno. */
static inline int
godpdk_eth_done_cleanup(struct godpdk_eth_queue *q, uint32_t n)
{
	int ret = -ENODEV;

	if (godpdk_eth_enter(q))
		ret = rte_eth_tx_done_cleanup(q->port, q->queue, n);
	godpdk_eth_leave(q);
	return ret;
}

/* rte_eth_rx_queue_count or rte_eth_tx_queue_count: a count or a negative errno. The latter
 * exists since 24.11 and is experimental in all releases up to 25.11. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static inline int
godpdk_eth_queue_count(struct godpdk_eth_queue *q, int tx)
{
	int ret = -ENODEV;

	if (godpdk_eth_enter(q)) {
		if (!tx)
			ret = rte_eth_rx_queue_count(q->port, q->queue);
		else
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
			ret = rte_eth_tx_queue_count(q->port, q->queue);
#else
			ret = -ENOTSUP;
#endif
	}
	godpdk_eth_leave(q);
	return ret;
}
#pragma GCC diagnostic pop

/* rte_eth_rx_descriptor_status or rte_eth_tx_descriptor_status: a status or a negative errno. */
static inline int
godpdk_eth_descriptor_status(struct godpdk_eth_queue *q, int tx, uint16_t offset)
{
	int ret = -ENODEV;

	if (godpdk_eth_enter(q))
		ret = tx ? rte_eth_tx_descriptor_status(q->port, q->queue, offset)
			 : rte_eth_rx_descriptor_status(q->port, q->queue, offset);
	godpdk_eth_leave(q);
	return ret;
}

#endif
