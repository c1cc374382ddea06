//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_lpm.h"

/* The dynamic linker sets it when the program starts. A direct call may run the linker, which
 * needs much stack, at the first call. */
static __typeof__(rte_lpm6_lookup_bulk_func) *volatile lookup_bulk = rte_lpm6_lookup_bulk_func;

int32_t
godpdk_lpm6_lookup(void *bulk)
{
	struct godpdk_lpm6_bulk *b = bulk;
	uint32_t *r = b->results;

	lookup_bulk(b->lpm, GODPDK_LPM6_IPS(b->ips), (int32_t *)r, b->n);
	for (uint64_t i = 0; i < b->n; i++) /* -1 is a miss */
		r[i] = (int32_t)r[i] < 0 ? 0 : r[i] | GODPDK_LPM_FOUND;
	return 0;
}
