//go:build linux

package cloop

/*
#include <rte_common.h>
#include <rte_fib.h>
#include <rte_fib6.h>

// Addresses are taken in turn from a table of mask + 1, which is a power of two.
static __rte_noinline void
fib_bulk(void *fib, uint32_t *ips, uint32_t mask, uint64_t *hops, unsigned int n, unsigned int iters)
{
	static unsigned int at;

	at &= ~31u; // the bulk before may have had another size
	while (iters--) {
		rte_fib_lookup_bulk(fib, ips + (at & mask), hops, (int)n);
		at += n;
	}
}

static __rte_noinline void
fib6_bulk(void *fib, char *ips, uint32_t mask, uint64_t *hops, unsigned int n, unsigned int iters)
{
	static unsigned int at;

	at &= ~31u;
	while (iters--) {
		rte_fib6_lookup_bulk(fib, (void *)(ips + (at & mask) * 16), hops, (int)n);
		at += n;
	}
}

// Each address gets a route of 24 bits, which is deleted again.
static __rte_noinline void
fib_change(void *fib, const uint32_t *ips, uint32_t mask, unsigned int iters)
{
	static unsigned int at;

	while (iters--) {
		uint32_t ip = ips[at++ & mask];

		rte_fib_add(fib, ip, 24, 77);
		rte_fib_delete(fib, ip, 24);
	}
}
*/
import "C"

import "unsafe"

// FIB looks up bulks of n addresses, iters times. ips has a power of two of them.
func FIB(fib unsafe.Pointer, ips []uint32, hops unsafe.Pointer, n, iters int) {
	C.fib_bulk(fib, (*C.uint32_t)(&ips[0]), C.uint32_t(len(ips)-1), (*C.uint64_t)(hops), C.uint(n), C.uint(iters))
}

// FIB6 looks up bulks of n addresses of 16 bytes, iters times.
func FIB6(fib unsafe.Pointer, ips [][16]byte, hops unsafe.Pointer, n, iters int) {
	C.fib6_bulk(fib, (*C.char)(unsafe.Pointer(&ips[0])), C.uint32_t(len(ips)-1), (*C.uint64_t)(hops), C.uint(n), C.uint(iters))
}

// FIBChange adds a route of 24 bits and deletes it, iters times.
func FIBChange(fib unsafe.Pointer, ips []uint32, iters int) {
	C.fib_change(fib, (*C.uint32_t)(&ips[0]), C.uint32_t(len(ips)-1), C.uint(iters))
}
