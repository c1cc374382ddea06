/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_mbuf: control calls, the layout for the Go-native data path, and the data path
 * through cgo, for the cases that Go leaves to C and for the tests. Buffers of pointers are
 * uintptr_t: the runtime's cgo pointer check then has nothing to walk. */
#ifndef GODPDK_MBUF_H
#define GODPDK_MBUF_H

#include "godpdk.h"
#include "godpdk_inbox.h"
#include "godpdk_mempool.h"

#include <limits.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mbuf_ptype.h>
#include <rte_mempool.h>

enum {
	GODPDK_MBUF_BUF_ADDR = offsetof(struct rte_mbuf, buf_addr),
	GODPDK_MBUF_DATA_OFF = offsetof(struct rte_mbuf, data_off),
	GODPDK_MBUF_REFCNT = offsetof(struct rte_mbuf, refcnt),
	GODPDK_MBUF_NB_SEGS = offsetof(struct rte_mbuf, nb_segs),
	GODPDK_MBUF_PORT = offsetof(struct rte_mbuf, port),
	GODPDK_MBUF_OL_FLAGS = offsetof(struct rte_mbuf, ol_flags),
	GODPDK_MBUF_PACKET_TYPE = offsetof(struct rte_mbuf, packet_type),
	GODPDK_MBUF_PKT_LEN = offsetof(struct rte_mbuf, pkt_len),
	GODPDK_MBUF_DATA_LEN = offsetof(struct rte_mbuf, data_len),
	GODPDK_MBUF_VLAN_TCI = offsetof(struct rte_mbuf, vlan_tci),
	GODPDK_MBUF_RSS = offsetof(struct rte_mbuf, hash.rss),
	GODPDK_MBUF_FDIR_HI = offsetof(struct rte_mbuf, hash.fdir.hi),
	GODPDK_MBUF_VLAN_TCI_OUTER = offsetof(struct rte_mbuf, vlan_tci_outer),
	GODPDK_MBUF_BUF_LEN = offsetof(struct rte_mbuf, buf_len),
	GODPDK_MBUF_POOL = offsetof(struct rte_mbuf, pool),
	GODPDK_MBUF_NEXT = offsetof(struct rte_mbuf, next), /* in the first or second cache line, by release */
	GODPDK_MBUF_TX_OFFLOAD = offsetof(struct rte_mbuf, tx_offload),
	GODPDK_MBUF_SHINFO = offsetof(struct rte_mbuf, shinfo),
	GODPDK_MBUF_PRIV_SIZE = offsetof(struct rte_mbuf, priv_size),
	GODPDK_MBUF_TIMESYNC = offsetof(struct rte_mbuf, timesync),
	GODPDK_MBUF_EXT_REFCNT = offsetof(struct rte_mbuf_ext_shared_info, refcnt),
	GODPDK_MBUF_SIZEOF = sizeof(struct rte_mbuf),

	/* Go resets and frees simple mbufs as C does, except in these builds, where C does
	 * more. */
#if defined(RTE_LIBRTE_MBUF_DEBUG) || defined(RTE_MBUF_HISTORY_DEBUG) || \
	defined(RTE_ENABLE_ASSERT) || !defined(RTE_MBUF_REFCNT_ATOMIC) || \
	__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	GODPDK_MBUF_NATIVE = 0,
#else
	GODPDK_MBUF_NATIVE = 1,
#endif
};

_Static_assert(sizeof(void *) == 8, "godpdk needs 64 bits");
_Static_assert(sizeof(((struct rte_mbuf *)0)->refcnt) == 2, "refcnt");
_Static_assert(sizeof(((struct rte_mbuf *)0)->nb_segs) == 2, "nb_segs");
/* Go reads the reference count of an external buffer as the low half of 4 aligned bytes. */
_Static_assert(sizeof(((struct rte_mbuf_ext_shared_info *)0)->refcnt) == 2, "refcnt of an external buffer");
_Static_assert(offsetof(struct rte_mbuf_ext_shared_info, refcnt) % 4 == 0, "refcnt of an external buffer");
_Static_assert(sizeof(((struct rte_mbuf *)0)->data_off) == 2, "data_off");
_Static_assert(sizeof(((struct rte_mbuf *)0)->port) == 2, "port");
_Static_assert(sizeof(((struct rte_mbuf *)0)->data_len) == 2, "data_len");
_Static_assert(sizeof(((struct rte_mbuf *)0)->pkt_len) == 4, "pkt_len");
_Static_assert(sizeof(((struct rte_mbuf *)0)->buf_len) == 2, "buf_len");
_Static_assert(sizeof(((struct rte_mbuf *)0)->ol_flags) == 8, "ol_flags");
_Static_assert(sizeof(((struct rte_mbuf *)0)->tx_offload) == 8, "tx_offload");

/* A pool of mbufs. is_mbuf is 0 for other mempools, and for a pool of mbufs until its
 * creator has initialized the objects, which is the last step. */
struct godpdk_mbuf_pool_info {
	int is_mbuf, unfinished;
	uint32_t data_room, priv_size, flags;
};

/* An mbuf points to its pool; other objects are unlikely to. */
static inline int
godpdk_mbuf_names_pool(const struct rte_mempool_objhdr *h, const struct rte_mempool *mp)
{
	return ((const struct rte_mbuf *)(h + 1))->pool == mp;
}

/* Package ethdev clears the pool of the last mbufs, which net_af_xdp cannot use. */
static inline int
godpdk_mbuf_retired(const struct rte_mempool_objhdr *h)
{
	const struct rte_mbuf *m = (const struct rte_mbuf *)(h + 1);

	return m->pool == NULL && m->refcnt == 1 && m->nb_segs == 1;
}

/* The object that was added last. */
static inline const struct rte_mempool_objhdr *
godpdk_mbuf_last(const struct rte_mempool *mp)
{
	return container_of(mp->elt_list.stqh_last, struct rte_mempool_objhdr, next.stqe_next);
}

/* The ops for pools of mbufs that an EAL option or the platform selects, or NULL. */
static inline const char *
godpdk_mbuf_named_ops(void)
{
	const char *ops = rte_mbuf_user_mempool_ops();

	return ops != NULL ? ops : rte_mbuf_platform_mempool_ops();
}

/* Returns ENOENT if the pool was freed. */
static inline int
godpdk_mbuf_pool_info(const char *name, struct rte_mempool *mp, struct godpdk_mbuf_pool_info *i)
{
	const struct rte_pktmbuf_pool_private *p;

	memset(i, 0, sizeof(*i));
	if (!godpdk_mempool_enter(name, mp))
		return ENOENT;
	p = rte_mempool_get_priv(mp);
	/* Another pool may be at this address now. */
	i->unfinished = mp->populated_size < mp->size;
	if (!i->unfinished && !STAILQ_EMPTY(&mp->elt_list) && mp->private_data_size >= sizeof(*p) &&
	    mp->elt_size >= sizeof(struct rte_mbuf) + p->mbuf_priv_size) {
		i->data_room = p->mbuf_data_room_size;
		i->priv_size = p->mbuf_priv_size;
		i->flags = p->flags;
		i->is_mbuf = godpdk_mbuf_names_pool(STAILQ_FIRST(&mp->elt_list), mp) &&
			(godpdk_mbuf_names_pool(godpdk_mbuf_last(mp), mp) || godpdk_mbuf_retired(godpdk_mbuf_last(mp)));
		/* Objects of exactly this size in a pool with this private area will be mbufs. */
		i->unfinished = !i->is_mbuf && i->data_room != 0 && ((i->flags & RTE_PKTMBUF_POOL_F_PINNED_EXT_BUF) != 0 ||
			mp->elt_size == RTE_ALIGN_CEIL(sizeof(struct rte_mbuf) + i->priv_size + i->data_room, 8));
	}
	godpdk_mempool_unlock();
	return 0;
}

/* rte_pktmbuf_pool_create_by_ops, with flags that fit the ops, and with locks around the
 * free of a pool that it cannot complete. ops NULL selects the best ones. */
static inline struct godpdk_ptr
godpdk_mbuf_pool_create(const char *name, unsigned int n, unsigned int cache,
			uint16_t priv, uint16_t room, int socket, const char *ops)
{
	struct rte_pktmbuf_pool_private p = { .mbuf_data_room_size = room, .mbuf_priv_size = priv };
	struct godpdk_ptr r = godpdk_mempool_create(name, n, (unsigned int)sizeof(struct rte_mbuf) + priv + room, cache,
		sizeof(p), socket, 0, ops != NULL ? ops : rte_mbuf_best_mempool_ops(), 0);
	int ret;

	if (r.ptr == NULL)
		return r;
	rte_pktmbuf_pool_init(r.ptr, &p);
	ret = rte_mempool_populate_default(r.ptr);
	if (ret < 0) {
		godpdk_mempool_discard(r.ptr);
		return (struct godpdk_ptr){ NULL, -ret };
	}
	rte_mempool_obj_iter(r.ptr, rte_pktmbuf_init, NULL);
	return r;
}

/* The reset of rte_pktmbuf_alloc, for mbufs that were taken from the pool. */
static inline void
godpdk_mbuf_reset_bulk(struct rte_mempool *mp, uintptr_t *table, uint32_t n)
{
	struct rte_mbuf **m = (struct rte_mbuf **)table;

#if RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0)
	rte_mbuf_raw_reset_bulk(mp, m, n);
#else
	(void)mp;
	for (uint32_t i = 0; i < n; i++)
		rte_pktmbuf_reset(m[i]);
#endif
}

/* rte_pktmbuf_alloc_bulk, or the same with the caller's own cache: 1, or 0 with nothing
 * taken. */
static inline int
godpdk_mbuf_alloc_bulk(struct rte_mempool *mp, struct rte_mempool_cache *cache,
		       uintptr_t *table, uint32_t n)
{
	struct rte_mbuf **m = (struct rte_mbuf **)table;

	if (cache == NULL)
		return rte_pktmbuf_alloc_bulk(mp, m, n) == 0;
	if (rte_mempool_generic_get(mp, (void **)m, n, cache) < 0)
		return 0;
	godpdk_mbuf_reset_bulk(mp, table, n);
	return 1;
}

/* rte_pktmbuf_free_bulk, or the same with the caller's own cache for mbufs of mp, which are
 * returned in groups. */
static inline void
godpdk_mbuf_free_bulk(struct rte_mempool *mp, struct rte_mempool_cache *cache,
		      const uintptr_t *table, uint32_t n)
{
	struct rte_mbuf **mbufs = (struct rte_mbuf **)(uintptr_t)table;
	void *run[64];
	uint32_t len = 0;

	if (cache == NULL) {
		rte_pktmbuf_free_bulk(mbufs, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *next, *m = mbufs[i];

		for (; m != NULL; m = next) {
			next = m->next;
			m = rte_pktmbuf_prefree_seg(m);
			if (m == NULL)
				continue;
			if (m->pool != mp) {
				rte_mbuf_raw_free(m);
				continue;
			}
			if (len == RTE_DIM(run)) {
				rte_mempool_generic_put(mp, run, len, cache);
				len = 0;
			}
			run[len++] = m;
		}
	}
	if (len > 0)
		rte_mempool_generic_put(mp, run, len, cache);
}

/* The mark of a freed mbuf in the debug build: a data_len and a pkt_len that no packet has
 * together. Each allocation writes both, also in C and in drivers. */
#define GODPDK_MBUF_DEAD_DATA_LEN 0xdead
#define GODPDK_MBUF_DEAD_PKT_LEN 0xdeadf4ee

static inline void
godpdk_mbuf_bury(struct rte_mbuf *m, uint32_t pid)
{
	m->data_len = GODPDK_MBUF_DEAD_DATA_LEN;
	m->pkt_len = GODPDK_MBUF_DEAD_PKT_LEN;
	m->packet_type = pid;
}

/* rte_pktmbuf_free_seg that marks mbufs that go back to a pool with pid, the process that
 * freed them. Returns 1 if m went back, 0 if it has other references. */
static inline int
godpdk_mbuf_free_debug(struct rte_mbuf *m, uint32_t pid)
{
	if (RTE_MBUF_CLONED(m) && rte_mbuf_refcnt_read(m) == 1) {
		struct rte_mbuf *md = rte_mbuf_from_indirect(m);

		if (rte_mbuf_refcnt_read(md) == 1)
			godpdk_mbuf_bury(md, pid);
	}
	m = rte_pktmbuf_prefree_seg(m);
	if (m == NULL)
		return 0;
	godpdk_mbuf_bury(m, pid);
	rte_mbuf_raw_free(m);
	return 1;
}

/* rte_pktmbuf_chain: 0 or a positive errno. */
static inline int
godpdk_mbuf_chain(struct rte_mbuf *head, struct rte_mbuf *tail)
{
	return godpdk_neg(rte_pktmbuf_chain(head, tail));
}

/* rte_pktmbuf_linearize: 1 or, with nothing changed, 0. */
static inline int
godpdk_mbuf_linearize(struct rte_mbuf *m)
{
	return rte_pktmbuf_linearize(m) == 0;
}

/* rte_mbuf_check: NULL or the first error, a static text. */
static inline const char *
godpdk_mbuf_check(const struct rte_mbuf *m, int is_header)
{
	const char *reason = NULL;

	return rte_mbuf_check(m, is_header, &reason) == 0 ? NULL : reason;
}

/* rte_validate_tx_offload: 0 or a positive errno. */
static inline int
godpdk_mbuf_validate_tx(const struct rte_mbuf *m)
{
	return godpdk_neg(rte_validate_tx_offload(m));
}

/* rte_pktmbuf_dump. */
static inline struct godpdk_text
godpdk_mbuf_dump(const struct rte_mbuf *m, unsigned int len)
{
	GODPDK_DUMP(f, rte_pktmbuf_dump(f, m, len));
}

/* rte_pktmbuf_priv_size of m's own pool: the field of m can be that of another mbuf. */
static inline uint16_t
godpdk_mbuf_priv_size(struct rte_mbuf *m)
{
	return rte_pktmbuf_priv_size(m->pool);
}

/* rte_get_tx_ol_flag_list or rte_get_rx_ol_flag_list: the names of the known flags in mask. */
static inline int
godpdk_mbuf_flag_list(uint64_t mask, int tx, char *buf, size_t len)
{
	return tx ? rte_get_tx_ol_flag_list(mask, buf, len)
		  : rte_get_rx_ol_flag_list(mask, buf, len);
}

/* Whether no dynamic fields exist and this process cannot create any: DPDK's error in a
 * secondary then has no errno. */
static inline int
godpdk_mbuf_dyn_missing(void)
{
	return rte_eal_process_type() != RTE_PROC_PRIMARY && rte_memzone_lookup("rte_mbuf_dyn") == NULL;
}

/* rte_mbuf_dynfield_register_offset: the offset or a negative errno. at 0, where no field
 * can be, means any offset. */
static inline int
godpdk_mbuf_dynfield_register(const char *name, size_t size, size_t align,
			      unsigned int flags, size_t at)
{
	struct rte_mbuf_dynfield f = { .size = size, .align = align, .flags = flags };
	int off;

	if (godpdk_mbuf_dyn_missing())
		return -EPERM;
	snprintf(f.name, sizeof(f.name), "%s", name);
	rte_errno = 0;
	off = rte_mbuf_dynfield_register_offset(&f, at != 0 ? at : SIZE_MAX);
	return off >= 0 ? off : -godpdk_errno();
}

/* rte_mbuf_dynfield_lookup: the offset or a negative errno. */
static inline int
godpdk_mbuf_dynfield_lookup(const char *name, size_t *size, size_t *align)
{
	struct rte_mbuf_dynfield f;
	int off;

	if (godpdk_mbuf_dyn_missing())
		return -ENOENT;
	rte_errno = 0;
	off = rte_mbuf_dynfield_lookup(name, &f);
	if (off < 0)
		return -godpdk_errno();
	*size = f.size;
	*align = f.align;
	return off;
}

/* rte_mbuf_dynflag_register_bitnum: the bit or a negative errno. bit 0, which DPDK uses,
 * means any bit. */
static inline int
godpdk_mbuf_dynflag_register(const char *name, unsigned int flags, unsigned int bit)
{
	struct rte_mbuf_dynflag f = { .flags = flags };
	int b;

	if (godpdk_mbuf_dyn_missing())
		return -EPERM;
	snprintf(f.name, sizeof(f.name), "%s", name);
	rte_errno = 0;
	b = rte_mbuf_dynflag_register_bitnum(&f, bit != 0 ? bit : UINT_MAX);
	return b >= 0 ? b : -godpdk_errno();
}

/* rte_mbuf_dynflag_lookup: the bit or a negative errno. */
static inline int
godpdk_mbuf_dynflag_lookup(const char *name)
{
	int b;

	if (godpdk_mbuf_dyn_missing())
		return -ENOENT;
	rte_errno = 0;
	b = rte_mbuf_dynflag_lookup(name, NULL);
	return b >= 0 ? b : -godpdk_errno();
}

/* rte_mbuf_dyn_dump as text. */
static inline struct godpdk_text
godpdk_mbuf_dyn_dump(void)
{
	GODPDK_DUMP(f, rte_mbuf_dyn_dump(f));
}

/* rte_mbuf_dyn_rx_timestamp_register or rte_mbuf_dyn_tx_timestamp_register: 0 or a positive
 * errno. */
static inline int
godpdk_mbuf_timestamp(int tx, int *offset, uint64_t *flag)
{
	int ret;

	if (godpdk_mbuf_dyn_missing())
		return EPERM;
	rte_errno = 0;
	ret = tx ? rte_mbuf_dyn_tx_timestamp_register(offset, flag)
		 : rte_mbuf_dyn_rx_timestamp_register(offset, flag);
	return ret == 0 ? 0 : godpdk_errno();
}

/* An external buffer that C has freed. */
struct godpdk_ext {
	struct godpdk_inbox_node node;
	struct rte_mbuf_ext_shared_info *shinfo; /* in shared memory */
	uint64_t id;
};

/* godpdk_inbox_open of the freed buffers. */
int godpdk_ext_open(void);

/* rte_pktmbuf_attach_extbuf of the caller's memory: 0 or a positive errno. With iova 0 it
 * looks the IO address up. */
int godpdk_ext_attach(struct rte_mbuf *m, void *addr, uint64_t iova, uint16_t len, uint64_t id);

/* Takes all buffers without references in FIFO order. */
struct godpdk_ext *godpdk_ext_take(void);

/* Frees the first buffer of the list and returns the rest. running is 0 after EAL has
 * stopped: its shared memory is gone then. */
struct godpdk_ext *godpdk_ext_drop(struct godpdk_ext *e, int running);

#endif
