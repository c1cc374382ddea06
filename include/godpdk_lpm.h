/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_lpm: control calls for tables of IPv4 and IPv6 routes, the layout of IPv4 tables for
 * the Go-native lookup, and the lookup of IPv6 addresses. */
#ifndef GODPDK_LPM_H
#define GODPDK_LPM_H

#include "godpdk.h"
#include "godpdk_named.h"

#include <rte_lpm.h>
#include <rte_lpm6.h>
#include <rte_memzone.h>
#include <rte_ring.h>

enum {
	/* The names with their final NUL that DPDK stores, and those from which it can still make the names of
	 * its own rings: "LPM_RCU_" + name of the defer queue, "HT_LRH_" + name of the rules for IPv6. It cuts
	 * longer names, and then the rings of two tables have one name. */
	GODPDK_LPM_NAMESIZE = RTE_LPM_NAMESIZE,
	GODPDK_LPM_NEWNAMESIZE = RTE_RING_NAMESIZE - (int)sizeof("LPM_RCU_") + 1,
	/* Entries of tables. */
	GODPDK_LPM_TBL8 = offsetof(struct rte_lpm, tbl8),
	GODPDK_LPM_GROUP = RTE_LPM_TBL8_GROUP_NUM_ENTRIES,
	GODPDK_LPM_EXTENDED = RTE_LPM_VALID_EXT_ENTRY_BITMASK,
	GODPDK_LPM_FOUND = RTE_LPM_LOOKUP_SUCCESS,
	GODPDK_LPM_HOP = 0x00ffffff,
	GODPDK_LPM_DEPTH = RTE_LPM_MAX_DEPTH,
	GODPDK_LPM6_HOP = 0x001fffff, /* RTE_LPM6_TBL8_BITMASK, which is private */
	/* DPDK computes the sizes of rules and groups in 32 bits. */
	GODPDK_LPM_MAX_ROUTES = 1 << 28,
	GODPDK_LPM_MAX_GROUPS = (1 << 22) - 1,
	GODPDK_LPM6_MAX_GROUPS = 1 << 21,
};

_Static_assert(RTE_LPM_NAMESIZE == RTE_LPM6_NAMESIZE, "names have one limit");
_Static_assert(offsetof(struct rte_lpm, tbl24) == 0, "tbl24 is at the beginning");
_Static_assert(sizeof(struct rte_lpm_tbl_entry) == 4, "an entry is a word");
_Static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "the next hop is in the low bits of an entry");
_Static_assert((RTE_LPM_VALID_EXT_ENTRY_BITMASK & ~RTE_LPM_LOOKUP_SUCCESS) == RTE_LPM_LOOKUP_SUCCESS << 1,
	       "valid and extended are bits next to each other");

/* The tail queues of tables, which rte_lpm.c and rte_lpm6.c name. */
static inline const char *
godpdk_lpm_queue(int six)
{
	return six ? "RTE_LPM6" : "RTE_LPM";
}

/* rte_lpm_create or rte_lpm6_create. */
static inline struct godpdk_ptr
godpdk_lpm_create(int six, const char *name, int socket, uint32_t routes, uint32_t groups)
{
	rte_errno = 0;
	if (six) {
		const struct rte_lpm6_config c = { .max_rules = routes, .number_tbl8s = groups };

		return godpdk_result(rte_lpm6_create(name, socket, &c));
	} else {
		const struct rte_lpm_config c = { .max_rules = routes, .number_tbl8s = groups };

		return godpdk_result(rte_lpm_create(name, socket, &c));
	}
}

/* rte_lpm_find_existing or rte_lpm6_find_existing: NULL if there is none. */
static inline void *
godpdk_lpm_find(int six, const char *name)
{
	return six ? (void *)rte_lpm6_find_existing(name) : (void *)rte_lpm_find_existing(name);
}

/* rte_lpm_free or rte_lpm6_free of the table that the name still means: 0 or ENOENT. */
static inline int
godpdk_lpm_free(int six, const char *name, void *at)
{
	int err = ENOENT;

	godpdk_free_begin();
	if (at != NULL && godpdk_lpm_find(six, name) == at) {
		if (six)
			rte_lpm6_free(at);
		else
			rte_lpm_free(at);
		err = 0;
	}
	godpdk_free_end();
	return err;
}

/* The type of an IPv6 address in the functions below. */
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
#define GODPDK_LPM6_IP(p) ((const struct rte_ipv6_addr *)(p))
#define GODPDK_LPM6_IPS(p) ((struct rte_ipv6_addr *)(uintptr_t)(p))
#else
#define GODPDK_LPM6_IP(p) ((const uint8_t *)(p))
#define GODPDK_LPM6_IPS(p) ((uint8_t (*)[16])(uintptr_t)(p))
#endif

/* An address in network order, 4 or 16 bytes, as rte_lpm takes it. */
static inline uint32_t
godpdk_lpm_ip(const uint8_t *ip)
{
	return (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 | ip[3];
}

/* rte_lpm_add or rte_lpm6_add: 0 or a positive errno. */
static inline int
godpdk_lpm_add(int six, void *at, const uint8_t *ip, uint8_t depth, uint32_t hop)
{
	return godpdk_neg(six ? rte_lpm6_add(at, GODPDK_LPM6_IP(ip), depth, hop) :
				rte_lpm_add(at, godpdk_lpm_ip(ip), depth, hop));
}

/* rte_lpm_delete or rte_lpm6_delete: 0 or a positive errno. */
static inline int
godpdk_lpm_delete(int six, void *at, const uint8_t *ip, uint8_t depth)
{
	return godpdk_neg(six ? rte_lpm6_delete(at, GODPDK_LPM6_IP(ip), depth) :
				rte_lpm_delete(at, godpdk_lpm_ip(ip), depth));
}

/* rte_lpm_delete_all or rte_lpm6_delete_all. */
static inline void
godpdk_lpm_delete_all(int six, void *at)
{
	if (six)
		rte_lpm6_delete_all(at);
	else
		rte_lpm_delete_all(at);
}

struct godpdk_lpm_route {
	uint32_t hop;
	int found;
};

/* rte_lpm_is_rule_present or rte_lpm6_is_rule_present. */
static inline struct godpdk_lpm_route
godpdk_lpm_route(int six, void *at, const uint8_t *ip, uint8_t depth)
{
	struct godpdk_lpm_route r = { 0, 0 };

	r.found = (six ? rte_lpm6_is_rule_present(at, GODPDK_LPM6_IP(ip), depth, &r.hop) :
			 rte_lpm_is_rule_present(at, godpdk_lpm_ip(ip), depth, &r.hop)) == 1;
	return r;
}

/* rte_lpm_rcu_qsbr_add, with a defer queue that has room for all groups: 0 or a positive errno.
 * It is experimental. */
static inline int
godpdk_lpm_rcu(struct rte_lpm *lpm, struct rte_rcu_qsbr *v)
{
	struct rte_lpm_rcu_config c = { .v = v, .mode = RTE_LPM_QSBR_MODE_DQ };

	rte_errno = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	return rte_lpm_rcu_qsbr_add(lpm, &c) == 0 ? 0 : godpdk_errno();
#pragma GCC diagnostic pop
}

/* A table in a list. */
struct godpdk_lpm_entry {
	void *at;
	char name[RTE_LPM_NAMESIZE];
};

/* The number of tables, of which the first max are described. librte_lpm has no function that lists tables, and the
 * place of the name is private. The caller compares name with rte_lpm_find_existing. In both kinds of tables the memory
 * that this function reads as the name belongs to the table. */
static inline uint32_t
godpdk_lpm_list(int six, struct godpdk_lpm_entry *all, uint32_t max)
{
	uint32_t n = 0;

	rte_mcfg_tailq_read_lock();
	GODPDK_TAILQ_FOREACH(e, godpdk_lpm_queue(six)) {
		if (n < max) {
			all[n].at = e->data;
			memcpy(all[n].name, (char *)e->data + (six ? 0 : sizeof(struct rte_lpm)), RTE_LPM_NAMESIZE);
		}
		n++;
	}
	rte_mcfg_tailq_read_unlock();
	return n;
}

/* A bulk of lookups. ips has n addresses of 16 bytes. results has n words: GODPDK_LPM_FOUND and the next hop, or 0. */
struct godpdk_lpm6_bulk {
	void *lpm;
	const void *ips;
	uint32_t *results;
	uint64_t n;
};

/* rte_lpm6_lookup_bulk_func of a struct godpdk_lpm6_bulk. It returns 0. */
int32_t godpdk_lpm6_lookup(void *bulk);

#endif
