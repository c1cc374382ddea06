//go:build linux

package cloop

/*
#include <rte_lpm.h>
#include <rte_lpm6.h>

// Addresses are taken in turn from a table of mask + 1, which is a power of two.
static __rte_noinline uint32_t
lpm_one(const struct rte_lpm *lpm, const uint32_t *ips, uint32_t mask, unsigned int iters)
{
	static unsigned int at;
	uint32_t sum = 0;

	while (iters--) {
		uint32_t hop;

		if (rte_lpm_lookup(lpm, ips[at++ & mask], &hop) == 0)
			sum += hop;
	}
	return sum;
}

static __rte_noinline void
lpm_bulk32(const struct rte_lpm *lpm, const uint32_t *ips, uint32_t mask, uint32_t *hops, unsigned int iters)
{
	static unsigned int at;

	while (iters--) {
		rte_lpm_lookup_bulk(lpm, &ips[at & mask], hops, 32);
		at += 32;
	}
}

static __rte_noinline void
lpm_x4(const struct rte_lpm *lpm, const uint32_t *ips, uint32_t mask, uint32_t *hops, unsigned int iters)
{
	static unsigned int at;

	while (iters--) {
		xmm_t x;

		for (unsigned int i = 0; i < 32; i += 4) {
			memcpy(&x, &ips[(at + i) & mask], sizeof(x));
			rte_lpm_lookupx4(lpm, x, hops + i, 0);
		}
		at += 32;
	}
}

static __rte_noinline void
lpm6_bulk(const struct rte_lpm6 *lpm, void *ips, uint32_t mask, uint32_t *hops, unsigned int n, unsigned int iters)
{
	static unsigned int at;

	at &= ~31u; // the bulk before may have had another size
	while (iters--) {
		rte_lpm6_lookup_bulk_func(lpm, (void *)((char *)ips + (at & mask) * 16), (int32_t *)hops, n);
		at += n;
	}
}

// What rte_lpm_add writes for routes of up to 24 bits. It searches all routes of a length, and would take minutes for a
// million of routes.
static void
lpm_fill(struct rte_lpm *lpm, uint32_t ip, uint32_t depth, uint32_t hop)
{
	const struct rte_lpm_tbl_entry e = { .next_hop = hop, .valid = 1, .depth = depth };

	for (uint32_t i = ip >> 8; i < (ip >> 8) + (1u << (24 - depth)); i++)
		lpm->tbl24[i] = e;
}
*/
import "C"

import "unsafe"

// LPM looks up addresses one by one, iters times, and returns the sum of the next hops. ips has mask+1 addresses.
func LPM(lpm unsafe.Pointer, ips []uint32, iters int) uint32 {
	return uint32(C.lpm_one((*C.struct_rte_lpm)(lpm), (*C.uint32_t)(&ips[0]), C.uint32_t(len(ips)-1), C.uint(iters)))
}

// LPMBulk looks up bulks of 32 addresses, iters times.
func LPMBulk(lpm unsafe.Pointer, ips []uint32, hops unsafe.Pointer, iters int) {
	C.lpm_bulk32((*C.struct_rte_lpm)(lpm), (*C.uint32_t)(&ips[0]), C.uint32_t(len(ips)-1), (*C.uint32_t)(hops), C.uint(iters))
}

// LPMX4 looks up bulks of 32 addresses, four at a time, iters times.
func LPMX4(lpm unsafe.Pointer, ips []uint32, hops unsafe.Pointer, iters int) {
	C.lpm_x4((*C.struct_rte_lpm)(lpm), (*C.uint32_t)(&ips[0]), C.uint32_t(len(ips)-1), (*C.uint32_t)(hops), C.uint(iters))
}

// LPM6 looks up bulks of n addresses of 16 bytes, iters times.
func LPM6(lpm unsafe.Pointer, ips [][16]byte, hops unsafe.Pointer, n, iters int) {
	C.lpm6_bulk((*C.struct_rte_lpm6)(lpm), unsafe.Pointer(&ips[0]), C.uint32_t(len(ips)-1), (*C.uint32_t)(hops), C.uint(n), C.uint(iters))
}

// LPMFill writes a route of up to 24 bits over the shorter ones, and under none.
func LPMFill(lpm unsafe.Pointer, ip, depth, hop uint32) {
	C.lpm_fill((*C.struct_rte_lpm)(lpm), C.uint32_t(ip), C.uint32_t(depth), C.uint32_t(hop))
}
