//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_fib.h"

/* The dynamic linker sets them when the program starts. A direct call may run the linker, which
 * needs much stack, at the first call. */
static __typeof__(rte_rib_lookup) *volatile lookup4 = rte_rib_lookup;
static __typeof__(rte_rib6_lookup) *volatile lookup6 = rte_rib6_lookup;
static __typeof__(rte_rib_get_nh) *volatile hop4 = rte_rib_get_nh;
static __typeof__(rte_rib6_get_nh) *volatile hop6 = rte_rib6_get_nh;
static __typeof__(rte_fib_get_rib) *volatile rib4 = rte_fib_get_rib;
static __typeof__(rte_fib6_get_rib) *volatile rib6 = rte_fib6_get_rib;

int32_t
godpdk_fib_lookup_tree(void *bulk)
{
	struct godpdk_fib_bulk *b = bulk;

	if (b->six) {
		struct rte_rib6 *rib = rib6(b->fib);
		const uint8_t (*ips)[16] = b->ips;

		for (uint64_t i = 0; i < b->n; i++) {
			struct rte_rib6_node *n = lookup6(rib, GODPDK_FIB6_IP(ips[i]));

			if (n == NULL || hop6(n, &b->hops[i]) != 0)
				b->hops[i] = b->missing;
		}
	} else {
		struct rte_rib *rib = rib4(b->fib);
		const uint32_t *ips = b->ips;

		for (uint64_t i = 0; i < b->n; i++) {
			struct rte_rib_node *n = lookup4(rib, ips[i]);

			if (n == NULL || hop4(n, &b->hops[i]) != 0)
				b->hops[i] = b->missing;
		}
	}
	return 0;
}
