package objects

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/batchmem"
)

func init() { batchmem.RegisterCaches(isCache) }

// isCache reports whether a pool has a cache at an address.
func isCache(at uintptr) (found bool) {
	for _, i := range cgo.Mempools() {
		offset := at - number(i.Caches)
		found = found || i.Caches != nil && offset < cgo.MaxLcore*cgo.MempoolCacheSizeof && offset%cgo.MempoolCacheSizeof == 0
		EachCache(i.Pool, func(c cgo.MempoolCache) { found = found || number(c) == at })
	}
	return found
}
