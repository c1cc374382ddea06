//go:build linux

package cloop

/*
#include <stdlib.h>

#include <rte_mempool.h>

static __rte_noinline void
mempool_get_put(struct rte_mempool *mp, struct rte_mempool_cache *cache,
		void **objs, unsigned int n, unsigned int iters)
{
	while (iters--) {
		if (rte_mempool_generic_get(mp, objs, n, cache) != 0)
			abort();
		rte_mempool_generic_put(mp, objs, n, cache);
	}
}
*/
import "C"

import "unsafe"

// Mempool gets and puts n objects, iters times; cache may be nil.
func Mempool(mp, cache, objs unsafe.Pointer, n, iters int) {
	C.mempool_get_put((*C.struct_rte_mempool)(mp), (*C.struct_rte_mempool_cache)(cache),
		(*unsafe.Pointer)(objs), C.uint(n), C.uint(iters))
}
