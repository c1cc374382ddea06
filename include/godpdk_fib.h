/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_fib: control calls for tables of IPv4 and IPv6 routes, the layout of their arrays for
 * the Go-native lookup, and lookups in C. */
#ifndef GODPDK_FIB_H
#define GODPDK_FIB_H

#include "godpdk.h"
#include "godpdk_named.h"

#include <rte_fib.h>
#include <rte_fib6.h>
#include <rte_memory.h>
#include <rte_rcu_qsbr.h>
#include <rte_rib.h>
#include <rte_rib6.h>
#include <rte_ring.h>

enum {
	/* The longest names with their final NUL: of a table of any program (RTE_FIB_NAMESIZE, which is private before
	 * 24.11), and those from which DPDK can still make the names of its own objects: "FIB_RCU_" + name of the
	 * defer queue and "MP_" + name of the pool of routes. */
	GODPDK_FIB_NAMESIZE = 64,
	GODPDK_FIB_NEWNAMESIZE = RTE_RING_NAMESIZE - (int)sizeof("FIB_RCU_") + 1,
	/* Whether changes can wait for readers. */
	GODPDK_FIB_RCU4 = RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0),
	GODPDK_FIB_RCU6 = RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0),
	/* Entries of a group, and the bit of an entry that has the number of a group. */
	GODPDK_FIB_GROUP = 256,
	GODPDK_FIB_EXTENDED = 1,
	/* DPDK computes places of entries in 32 bits. */
	GODPDK_FIB_MAX_GROUPS = 1 << 22,
	/* DPDK makes twice as many nodes of its tree, with an int as their number. */
	GODPDK_FIB_MAX_ROUTES = 1 << 28,
	/* Places in struct dir24_8_tbl and struct rte_trie_tbl, which are private: godpdk_fib_probe checks them. The number of
	 * groups is at the beginning. */
	GODPDK_FIB_RESERVED = 4,
	GODPDK_FIB4_MISSING = GODPDK_FIB_RCU4 ? 40 : 16,
	GODPDK_FIB4_TBL8 = GODPDK_FIB_RCU4 ? 48 : 24,
	GODPDK_FIB4_TBL24 = RTE_ALIGN_CEIL(GODPDK_FIB_RCU4 ? 64 : 40, RTE_CACHE_LINE_SIZE),
	GODPDK_FIB6_MISSING = 16,
	GODPDK_FIB6_TBL8 = 32,
	GODPDK_FIB6_TBL24 = RTE_ALIGN_CEIL(GODPDK_FIB_RCU6 ? 72 : 52, RTE_CACHE_LINE_SIZE),
};

_Static_assert((int)RTE_FIB_DIR24_8_8B == 3 && (int)RTE_FIB6_TRIE_8B == 3, "sizes of entries are powers of two");

/* The type of an IPv6 address in the functions below. */
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
#define GODPDK_FIB6_IP(p) ((const struct rte_ipv6_addr *)(p))
#define GODPDK_FIB6_IPS(p) ((struct rte_ipv6_addr *)(uintptr_t)(p))
#else
#define GODPDK_FIB6_IP(p) ((const uint8_t *)(p))
#define GODPDK_FIB6_IPS(p) ((uint8_t (*)[16])(uintptr_t)(p))
#endif

/* An IPv4 address in network order, as rte_fib takes it. */
static inline uint32_t
godpdk_fib_ip(const uint8_t *ip)
{
	return (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 | ip[3];
}

/* rte_fib_find_existing or rte_fib6_find_existing: NULL if there is none. */
static inline void *
godpdk_fib_find(int six, const char *name)
{
	return six ? (void *)rte_fib6_find_existing(name) : (void *)rte_fib_find_existing(name);
}

/* rte_fib_free or rte_fib6_free of the table that the name still means: 0 or ENOENT. */
static inline int
godpdk_fib_free(int six, const char *name, void *at)
{
	int err = ENOENT;

	godpdk_free_begin();
	if (at != NULL && godpdk_fib_find(six, name) == at) {
		if (six)
			rte_fib6_free(at);
		else
			rte_fib_free(at);
		err = 0;
	}
	godpdk_free_end();
	return err;
}

/* A new table, or a positive errno. tbl24 and tbl8 are the arrays of a table with groups, and reserved is its number of
 * reserved groups. All three are NULL if this DPDK has another layout. */
struct godpdk_fib_made {
	void *ptr;
	void *tbl24;
	void *tbl8;
	uint32_t *reserved;
	int err;
};

/* The entry i of an array with entries of 1 << size bytes. */
static inline uint64_t
godpdk_fib_entry(const void *array, uint64_t i, uint32_t size)
{
	switch (size) {
	case 0:
		return ((const uint8_t *)array)[i];
	case 1:
		return ((const uint16_t *)array)[i];
	case 2:
		return ((const uint32_t *)array)[i];
	default:
		return ((const uint64_t *)array)[i];
	}
}

/* Fills in the arrays of an empty table if they are where godpdk expects them. To find out it adds a route with one bit
 * more than the first array has, and deletes it. */
static inline void
godpdk_fib_probe(int six, struct godpdk_fib_made *m, uint64_t missing, uint32_t groups, uint32_t size)
{
	/* 2001:db8::/32 and 32.1.13.184/32 have the same entries. */
	static const uint8_t ip[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	const uint64_t first = 0x20010d, last = 0xb8, hop = missing ^ 1;
	uint8_t *dp = six ? rte_fib6_get_dp(m->ptr) : rte_fib_get_dp(m->ptr);
	void *tbl24 = dp + (six ? GODPDK_FIB6_TBL24 : GODPDK_FIB4_TBL24);
	void *tbl8 = *(void **)(dp + (six ? GODPDK_FIB6_TBL8 : GODPDK_FIB4_TBL8));
	uint32_t *reserved = (uint32_t *)(dp + GODPDK_FIB_RESERVED);
	uint64_t e, group;
	int ok;

	if (*(uint32_t *)dp < groups || *(uint32_t *)dp > RTE_ALIGN_CEIL(groups, 64) || *reserved != 0 ||
	    *(uint64_t *)(dp + (six ? GODPDK_FIB6_MISSING : GODPDK_FIB4_MISSING)) != missing ||
	    rte_mem_virt2memseg(tbl8, NULL) == NULL || godpdk_fib_entry(tbl24, first, size) != missing << 1)
		return;
	if ((six ? rte_fib6_add(m->ptr, GODPDK_FIB6_IP(ip), 32, hop) : rte_fib_add(m->ptr, godpdk_fib_ip(ip), 32, hop)) != 0)
		return;
	e = godpdk_fib_entry(tbl24, first, size);
	ok = *reserved == 1 && (e & GODPDK_FIB_EXTENDED) != 0 && e >> 1 < groups;
	if (ok) {
		group = (e >> 1) * GODPDK_FIB_GROUP;
		ok = godpdk_fib_entry(tbl8, group + last, size) >> 1 == hop &&
		     godpdk_fib_entry(tbl8, group + last - 1, size) >> 1 == missing &&
		     godpdk_fib_entry(tbl8, group + last + 1, size) >> 1 == missing;
	}
	if ((six ? rte_fib6_delete(m->ptr, GODPDK_FIB6_IP(ip), 32) : rte_fib_delete(m->ptr, godpdk_fib_ip(ip), 32)) != 0 ||
	    godpdk_fib_entry(tbl24, first, size) != missing << 1 || !ok)
		return;
	m->tbl24 = tbl24;
	m->tbl8 = tbl8;
	m->reserved = reserved;
}

/* rte_fib_create or rte_fib6_create: without groups a table that is a tree only. */
static inline struct godpdk_fib_made
godpdk_fib_create(int six, const char *name, int socket, uint64_t missing, uint32_t routes, uint32_t groups, uint32_t size)
{
	struct godpdk_fib_made m = { NULL, NULL, NULL, NULL, 0 };

	rte_errno = 0;
	if (six) {
		struct rte_fib6_conf c = { .type = RTE_FIB6_DUMMY, .default_nh = missing, .max_routes = routes };

		if (groups != 0) {
			c.type = RTE_FIB6_TRIE;
			c.trie.nh_sz = (enum rte_fib_trie_nh_sz)size;
			c.trie.num_tbl8 = groups;
		}
		m.ptr = rte_fib6_create(name, socket, &c);
	} else {
		struct rte_fib_conf c = { .type = RTE_FIB_DUMMY, .default_nh = missing, .max_routes = routes };

		if (groups != 0) {
			c.type = RTE_FIB_DIR24_8;
			c.dir24_8.nh_sz = (enum rte_fib_dir24_8_nh_sz)size;
			c.dir24_8.num_tbl8 = groups;
		}
		m.ptr = rte_fib_create(name, socket, &c);
	}
	if (m.ptr == NULL)
		m.err = godpdk_errno();
	else if (groups != 0)
		godpdk_fib_probe(six, &m, missing, groups, size);
	return m;
}

/* rte_fib_rcu_qsbr_add or rte_fib6_rcu_qsbr_add, with a defer queue that has room for all groups: 0 or a positive errno.
 * They are experimental, and do not exist before 24.11 and 25.11. */
static inline int
godpdk_fib_rcu(int six, void *fib, struct rte_rcu_qsbr *v, uint32_t groups)
{
	int ret = -ENOTSUP;

	RTE_SET_USED(six), RTE_SET_USED(fib), RTE_SET_USED(v), RTE_SET_USED(groups);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
	if (!six) {
		struct rte_fib_rcu_config c = { .v = v, .mode = RTE_FIB_QSBR_MODE_DQ, .dq_size = groups, .reclaim_max = groups };

		ret = rte_fib_rcu_qsbr_add(fib, &c);
	}
#endif
#if RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0)
	if (six) {
		struct rte_fib6_rcu_config c = { .v = v, .mode = RTE_FIB6_QSBR_MODE_DQ, .dq_size = groups, .reclaim_max = groups };

		ret = rte_fib6_rcu_qsbr_add(fib, &c);
	}
#endif
#pragma GCC diagnostic pop
	return godpdk_neg(ret);
}

/* The number of groups that the route needs and no other route does, whether the table has the route or not. DPDK's own
 * number, which it adds and subtracts, becomes too large or negative after some changes (all releases before 26.07). */
static inline uint32_t
godpdk_fib_groups(int six, void *fib, const uint8_t *ip, uint8_t depth)
{
	struct rte_rib6 *rib6 = six ? rte_fib6_get_rib(fib) : NULL;
	struct rte_rib *rib = six ? NULL : rte_fib_get_rib(fib);
	uint32_t n = 0;

	if (depth <= 24)
		return 0;
	for (int bits = (depth - 1) / 8 * 8; bits >= 24; bits -= 8) {
		if (six ? rte_rib6_get_nxt(rib6, GODPDK_FIB6_IP(ip), bits, NULL, RTE_RIB6_GET_NXT_COVER) != NULL :
			  rte_rib_get_nxt(rib, godpdk_fib_ip(ip), bits, NULL, RTE_RIB_GET_NXT_COVER) != NULL)
			break;
		n++;
	}
	return n;
}

/* A route of a table. */
struct godpdk_fib_route {
	uint64_t hop;
	uint8_t ip[16]; /* an IPv4 address is in the first four bytes */
	uint8_t depth;
	uint8_t found;
};

/* The route of exactly this prefix, or if exact is 0 the longest one that contains the address: rte_rib_lookup_exact,
 * rte_rib_lookup and their IPv6 twins. */
static inline struct godpdk_fib_route
godpdk_fib_route(int six, void *fib, const uint8_t *ip, uint8_t depth, int exact)
{
	struct godpdk_fib_route r = { 0, { 0 }, 0, 0 };

	if (six) {
		struct rte_rib6 *rib = rte_fib6_get_rib(fib);
		struct rte_rib6_node *n = exact ? rte_rib6_lookup_exact(rib, GODPDK_FIB6_IP(ip), depth) :
						  rte_rib6_lookup(rib, GODPDK_FIB6_IP(ip));

		r.found = n != NULL && rte_rib6_get_nh(n, &r.hop) == 0 && rte_rib6_get_depth(n, &r.depth) == 0 &&
			  rte_rib6_get_ip(n, (void *)r.ip) == 0;
	} else {
		struct rte_rib *rib = rte_fib_get_rib(fib);
		struct rte_rib_node *n = exact ? rte_rib_lookup_exact(rib, godpdk_fib_ip(ip), depth) :
						 rte_rib_lookup(rib, godpdk_fib_ip(ip));
		uint32_t a = 0;

		r.found = n != NULL && rte_rib_get_nh(n, &r.hop) == 0 && rte_rib_get_depth(n, &r.depth) == 0 &&
			  rte_rib_get_ip(n, &a) == 0;
		for (int i = 0; i < 4; i++)
			r.ip[i] = (uint8_t)(a >> (24 - 8 * i));
	}
	return r;
}

/* The result of a change: 0 or a positive errno, and the number of groups that are now in use or free. */
struct godpdk_fib_change {
	int err;
	uint32_t groups;
	int existed;
};

/* rte_fib_add or rte_fib6_add: 0 or -errno. reserved is DPDK's own number of groups, which is not used, or NULL. */
static inline int
godpdk_fib_set(int six, void *fib, uint32_t *reserved, const uint8_t *ip, uint8_t depth, uint64_t hop)
{
	if (reserved != NULL)
		*reserved = 0;
	return six ? rte_fib6_add(fib, GODPDK_FIB6_IP(ip), depth, hop) : rte_fib_add(fib, godpdk_fib_ip(ip), depth, hop);
}

/* Removes a route from the tree only. */
static inline void
godpdk_fib_forget(int six, void *fib, const uint8_t *ip, uint8_t depth)
{
	if (six)
		rte_rib6_remove(rte_fib6_get_rib(fib), GODPDK_FIB6_IP(ip), depth);
	else
		rte_rib_remove(rte_fib_get_rib(fib), godpdk_fib_ip(ip), depth);
}

/* Adds a route to the tree only, or replaces its next hop there: 0 or -errno. */
static inline int
godpdk_fib_note(int six, void *fib, const uint8_t *ip, uint8_t depth, uint64_t hop)
{
	if (six) {
		struct rte_rib6 *rib = rte_fib6_get_rib(fib);
		struct rte_rib6_node *n = rte_rib6_lookup_exact(rib, GODPDK_FIB6_IP(ip), depth);

		if (n == NULL)
			n = rte_rib6_insert(rib, GODPDK_FIB6_IP(ip), depth);
		return n != NULL && rte_rib6_set_nh(n, hop) == 0 ? 0 : -ENOSPC;
	} else {
		struct rte_rib *rib = rte_fib_get_rib(fib);
		struct rte_rib_node *n = rte_rib_lookup_exact(rib, godpdk_fib_ip(ip), depth);

		if (n == NULL)
			n = rte_rib_insert(rib, godpdk_fib_ip(ip), depth);
		return n != NULL && rte_rib_set_nh(n, hop) == 0 ? 0 : -ENOSPC;
	}
}

/* Whether DPDK may overwrite the whole table when it changes this prefix. It does so if the prefix ends with the last of all
 * addresses, and longer routes cover its end without a gap, for example 0.0.0.0/0 beside 0.0.0.0/1 and 128.0.0.0/1 (all
 * releases up to 26.07). A tree has no arrays, and no such problem. */
static inline int
godpdk_fib_at_end(int six, void *fib, const uint8_t *ip, uint8_t depth)
{
	static const uint8_t last[16] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
	struct godpdk_fib_route r;

	if ((six ? rte_fib6_get_dp(fib) : rte_fib_get_dp(fib)) == fib)
		return 0;
	for (int i = 0; i < depth; i++)
		if ((ip[i / 8] >> (7 - i % 8) & 1) == 0)
			return 0;
	r = godpdk_fib_route(six, fib, last, 0, 0);
	return r.found && r.depth > depth;
}

/* Changes the next hop of such a prefix in the arrays, down to the route that covers its end: a route to each lower half is
 * added, and removed from the tree only. The caller changes the tree: 0 or -errno. */
static inline int
godpdk_fib_set_halves(int six, void *fib, uint32_t *reserved, const uint8_t *ip, uint8_t depth, uint64_t hop)
{
	uint8_t half[16];

	memcpy(half, ip, six ? 16 : 4);
	for (int bits = depth; bits < (six ? 128 : 32); bits++) {
		if (!godpdk_fib_route(six, fib, half, bits + 1, 1).found) {
			int ret = godpdk_fib_set(six, fib, reserved, half, bits + 1, hop);

			if (ret != 0)
				return ret;
			godpdk_fib_forget(six, fib, half, bits + 1);
		}
		half[bits / 8] |= 0x80 >> bits % 8;
		if (godpdk_fib_route(six, fib, half, bits + 1, 1).found)
			break;
	}
	return 0;
}

/* Adds a route or replaces its next hop, if there is room for another route and enough groups are left. reserved is NULL
 * if godpdk does not count groups. */
static inline struct godpdk_fib_change
godpdk_fib_add(int six, void *fib, uint32_t *reserved, int room, uint32_t left, const uint8_t *ip, uint8_t depth, uint64_t hop)
{
	struct godpdk_fib_route old = godpdk_fib_route(six, fib, ip, depth, 1);
	struct godpdk_fib_change r = { ENOSPC, 0, old.found };
	int ret = 0;

	if (!old.found && !room)
		return r;
	if (reserved != NULL && !old.found) {
		r.groups = godpdk_fib_groups(six, fib, ip, depth);
		if (r.groups > left)
			return r;
	}
	if (!godpdk_fib_at_end(six, fib, ip, depth)) {
		ret = godpdk_fib_set(six, fib, reserved, ip, depth, hop);
	} else if (!old.found || old.hop != hop) {
		ret = godpdk_fib_set_halves(six, fib, reserved, ip, depth, hop);
		if (ret == 0)
			ret = godpdk_fib_note(six, fib, ip, depth, hop);
	}
	r.err = godpdk_neg(ret);
	return r;
}

/* Deletes a route. missing is the next hop of addresses without one. */
static inline struct godpdk_fib_change
godpdk_fib_delete(int six, void *fib, uint32_t *reserved, const uint8_t *ip, uint8_t depth, uint64_t missing)
{
	struct godpdk_fib_change r = { 0, 0, 1 };
	int ret = 0;

	if (!godpdk_fib_at_end(six, fib, ip, depth)) {
		ret = six ? rte_fib6_delete(fib, GODPDK_FIB6_IP(ip), depth) : rte_fib_delete(fib, godpdk_fib_ip(ip), depth);
	} else {
		struct godpdk_fib_route old = godpdk_fib_route(six, fib, ip, depth, 1), outer = { 0, { 0 }, 0, 0 };

		if (!old.found) {
			r.err = ENOENT;
			return r;
		}
		for (int bits = depth - 1; bits >= 0 && !outer.found; bits--)
			outer = godpdk_fib_route(six, fib, ip, bits, 1);
		if (!outer.found)
			outer.hop = missing;
		if (outer.hop != old.hop)
			ret = godpdk_fib_set_halves(six, fib, reserved, ip, depth, outer.hop);
		if (ret == 0)
			godpdk_fib_forget(six, fib, ip, depth);
	}
	r.err = godpdk_neg(ret);
	if (r.err == 0)
		r.groups = godpdk_fib_groups(six, fib, ip, depth);
	return r;
}

/* A bulk of lookups. ips has n numbers, or n IPv6 addresses of 16 bytes. */
struct godpdk_fib_bulk {
	void *fib;
	const void *ips;
	uint64_t *hops;
	uint64_t n;
	uint64_t missing; /* for trees */
	uint64_t six;
};

/* Lookups in the tree of routes, with rte_rib_lookup or rte_rib6_lookup. It returns 0. */
int32_t godpdk_fib_lookup_tree(void *bulk);

/* rte_fib_lookup_bulk or rte_fib6_lookup_bulk. They call a function by its address in shared memory, which is only right in
 * the process that made the table. */
static inline int
godpdk_fib_lookup_call(struct godpdk_fib_bulk *b)
{
	return b->six ? rte_fib6_lookup_bulk(b->fib, GODPDK_FIB6_IPS(b->ips), b->hops, (int)b->n) :
			rte_fib_lookup_bulk(b->fib, (uint32_t *)(uintptr_t)b->ips, b->hops, (int)b->n);
}

#endif
