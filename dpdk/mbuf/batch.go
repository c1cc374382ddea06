package mbuf

import (
	"github.com/godpdk/godpdk/dpdk/internal/batchmem"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// AllocBatch adds n empty packets to the batch, as [Cache.AllocBulk] makes them, or none. It reports
// whether it added them: the pool may have too few, and the batch no room. If the process is killed
// meanwhile, the packets return to the pool.
//
// Implements: rte_pktmbuf_alloc_bulk
func (c *Cache) AllocBatch(b *ring.Batch[*Mbuf], n int) bool {
	h := (*batchmem.Header)(b.Pointer())
	at := h.Room()
	if n <= 0 || n > int(h.Capacity-at) {
		return n == 0
	}
	h.Cache = uintptr(c.cache.Pointer())
	// In parts that go through the cache: it has what the pool has given and the batch has not yet.
	for done := 0; done < n; {
		part := min(n-done, mempool.MaxCacheSize)
		pkts := batchmem.Slice[*Mbuf](h, at+uint32(done), part)
		clear(pkts)
		h.Begin(batchmem.Getting, at+uint32(done), uint32(part))
		ok := c.AllocBulk(pkts)
		if ok {
			done += part
			h.Hi = at + uint32(done)
		}
		h.End()
		if !ok {
			h.Hi = at // first: they must not be freed twice
			c.FreeBulk(batchmem.Slice[*Mbuf](h, at, done))
			return false
		}
	}
	return true
}

// FreeBatch frees all packets of the batch, as [Cache.FreeBulk] does. If the process is killed
// meanwhile, the packets return to their pools, except one that C is about to free.
//
// Implements: rte_pktmbuf_free_bulk
func (c *Cache) FreeBatch(b *ring.Batch[*Mbuf]) {
	h := (*batchmem.Header)(b.Pointer())
	for pkts := b.Elems(); len(pkts) > 0; pkts = b.Elems() {
		if len(pkts) > c.cache.Room() {
			c.cache.Flush()
		}
		n := c.recyclable(pkts[:min(len(pkts), c.cache.Room())])
		if n == 0 {
			h.Lo++ // first: it must not be freed twice
			if pkts[0] != nil {
				c.freeC(pkts[0])
			}
			continue
		}
		h.Cache = uintptr(c.cache.Pointer())
		h.Begin(batchmem.Putting, h.Lo, uint32(n))
		c.cache.PutBulk(asObjects(pkts[:n]))
		h.Lo += uint32(n)
		h.End()
	}
}
