//go:build linux

package twin

/*
#include <rte_lpm.h>

// They return words of GODPDK_LPM_FOUND and the next hop, as rte_lpm_lookup_bulk does without its mask.
static inline uint32_t
twin_lpm_lookup(const void *lpm, uint32_t ip)
{
	uint32_t hop = 0;

	return rte_lpm_lookup(lpm, ip, &hop) == 0 ? hop | RTE_LPM_LOOKUP_SUCCESS : 0;
}

static inline void
twin_lpm_lookup_bulk(const void *lpm, const uint32_t *ips, uint32_t *hops, unsigned int n)
{
	rte_lpm_lookup_bulk(lpm, ips, hops, n);
}

static inline void
twin_lpm_lookupx4(const void *lpm, const uint32_t *ips, uint32_t *hops, uint32_t defv)
{
	xmm_t x;

	memcpy(&x, ips, sizeof(x));
	rte_lpm_lookupx4(lpm, x, hops, defv);
}

#cgo noescape twin_lpm_lookup_bulk
#cgo nocallback twin_lpm_lookup_bulk
#cgo noescape twin_lpm_lookupx4
#cgo nocallback twin_lpm_lookupx4
*/
import "C"

import "unsafe"

// LPMLookup looks up an address in a struct rte_lpm.
func LPMLookup(lpm unsafe.Pointer, ip uint32) (nextHop uint32, ok bool) {
	r := uint32(C.twin_lpm_lookup(lpm, C.uint32_t(ip)))
	return r & 0xffffff, r&C.RTE_LPM_LOOKUP_SUCCESS != 0
}

// LPMLookupBulk looks up n addresses, and stores n words.
func LPMLookupBulk(lpm, ips, words unsafe.Pointer, n int) {
	C.twin_lpm_lookup_bulk(lpm, (*C.uint32_t)(ips), (*C.uint32_t)(words), C.uint(n))
}

// LPMLookupX4 looks up four addresses.
func LPMLookupX4(lpm unsafe.Pointer, ips *[4]uint32, missing uint32) (hops [4]uint32) {
	C.twin_lpm_lookupx4(lpm, (*C.uint32_t)(unsafe.Pointer(ips)), (*C.uint32_t)(unsafe.Pointer(&hops)), C.uint32_t(missing))
	return hops
}
