//go:build linux

package cloop

/*
#include <rte_acl.h>

// Keys are taken in turn from a table of mask + 1, which is a power of two and a multiple of n.
static __rte_noinline void
acl_classify(const struct rte_acl_ctx *acl, const uint8_t *keys, uint32_t size, uint32_t mask, uint32_t *values, unsigned int n, unsigned int iters)
{
	static unsigned int at;
	const uint8_t *data[32];

	for (at &= ~(n - 1); iters--; at += n) {
		for (unsigned int i = 0; i < n; i++)
			data[i] = keys + (size_t)((at & mask) + i) * size;
		rte_acl_classify(acl, data, values, n, 1);
	}
}
*/
import "C"

import "unsafe"

// ACL classifies bursts of n keys, at most 32, in a struct rte_acl_ctx. There are count keys of size bytes.
func ACL(acl, keys unsafe.Pointer, size, count int, values unsafe.Pointer, n, iters int) {
	C.acl_classify((*C.struct_rte_acl_ctx)(acl), (*C.uint8_t)(keys), C.uint32_t(size), C.uint32_t(count-1), (*C.uint32_t)(values), C.uint(n), C.uint(iters))
}
