package mbuf

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

// Cache holds some mbufs of a pool for one goroutine. While it has enough of them,
// [Cache.Alloc] and [Cache.Free] do not call C and need no synchronization. Only one goroutine
// at a time may use it. Mbufs in the cache are not available to others until Flush or Close.
type Cache struct {
	cache *mempool.Cache
	pool  *Pool
	rearm uint64
	// home is the struct rte_mempool of the mbufs that may go into this cache, or nowhere if
	// C must reset or free them.
	home unsafe.Pointer
}

// nowhere is the address of no mempool.
var nowhere = unsafe.Pointer(new(byte))

// NewCache makes a cache of size mbufs for a goroutine. It may hold half as many again. Close
// it when the goroutine ends. Errors: dpdk.ErrInvalid, dpdk.ErrNoMemory.
//
// Implements: rte_mempool_cache_create
func (p *Pool) NewCache(size int) (*Cache, error) { return p.cached(p.pool.NewCache(size)) }

func (p *Pool) cached(c *mempool.Cache, err error) (*Cache, error) {
	if err != nil {
		return nil, err
	}
	cache := &Cache{cache: c, pool: p, rearm: p.rearm, home: nowhere}
	if p.resetInGo() {
		cache.home = p.Pointer()
	}
	return cache, nil
}

// LcoreCache returns the cache that the pool has for an lcore. Only the thread of that lcore
// may use it. It cannot be closed. Errors are those of [mempool.Pool.LcoreCache].
//
// Implements: rte_mempool_default_cache
func (p *Pool) LcoreCache(lcore int) (*Cache, error) { return p.cached(p.pool.LcoreCache(lcore)) }

// DefaultCache returns the cache of the calling lcore thread. It is nil on all other threads,
// and for a pool with a CacheSize of 0. It calls C: call it once per lcore and keep the
// result.
//
// Implements: rte_mempool_default_cache
func (p *Pool) DefaultCache() *Cache {
	c := p.pool.DefaultCache()
	if c == nil {
		return nil
	}
	cache, _ := p.cached(c, nil)
	return cache
}

// Pool returns the pool of the cache.
func (c *Cache) Pool() *Pool { return c.pool }

// Size returns the number of mbufs that a refill leaves in the cache, 0 after Close.
func (c *Cache) Size() int { return c.cache.Size() }

// Len returns the number of mbufs in the cache.
func (c *Cache) Len() int { return c.cache.Len() }

// Flush returns all mbufs in the cache to the pool.
//
// Implements: rte_mempool_cache_flush
func (c *Cache) Flush() { c.cache.Flush() }

// Close flushes the cache and frees its memory. Afterwards [Cache.Alloc] finds no mbufs, and
// [Cache.Free] still returns mbufs to their pools. Closing it again does nothing. The error is
// dpdk.ErrInvalid for the cache of an lcore.
//
// Implements: rte_mempool_cache_free
func (c *Cache) Close() error {
	err := c.cache.Close()
	if err == nil {
		c.home = nowhere
	}
	return err
}

// Alloc takes an empty packet: one segment without data, with the headroom of a new mbuf. All
// fields are zero, except the RSS hash and the dynamic fields. Alloc reports whether there was
// one. The caller owns the packet until it frees it or passes it on.
//
// Implements: rte_pktmbuf_alloc
func (c *Cache) Alloc() (m *Mbuf, ok bool) {
	if c.home == nowhere || build.Debug {
		var one [1]*Mbuf
		ok = c.AllocBulk(one[:])
		return one[0], ok
	}
	o, ok := c.cache.Get()
	if ok {
		m = (*Mbuf)(o.Pointer())
		m.reset(c.rearm)
	}
	return m, ok
}

// AllocBulk fills all of pkts with empty packets, as [Cache.Alloc] makes them, or takes none.
// It reports whether it took them. If not, the contents of pkts are undefined.
//
// Implements: rte_pktmbuf_alloc_bulk
func (c *Cache) AllocBulk(pkts []*Mbuf) bool {
	if c.home == nowhere {
		return c.allocC(pkts)
	}
	if !c.cache.GetBulk(asObjects(pkts)) {
		return false
	}
	for _, m := range pkts {
		m.reset(c.rearm)
	}
	if build.Debug {
		allocated(pkts)
	}
	return true
}

// allocC lets C reset mbufs that Go cannot reset.
func (c *Cache) allocC(pkts []*Mbuf) bool {
	if len(pkts) == 0 {
		return true
	}
	if !c.cache.GetBulk(asObjects(pkts)) {
		return false
	}
	cgo.MbufResetBulk(c.pool.Pointer(), unsafe.Pointer(unsafe.SliceData(pkts)), uint32(len(pkts)))
	if build.Debug {
		allocated(pkts)
	}
	return true
}

// Free frees a packet. If the packet is a single segment of the pool of the cache, with one
// reference and its own buffer, it goes into the cache. Otherwise Free calls C, and each
// segment goes to its own pool unless others hold references to it. A nil m is a no-op.
//
// Implements: rte_pktmbuf_free
func (c *Cache) Free(m *Mbuf) {
	if m != nil && m.pool == c.home && m.recyclable() && !build.Debug {
		c.cache.Put(*(*mempool.Object)(unsafe.Pointer(&m)))
		return
	}
	one := [1]*Mbuf{m}
	c.FreeBulk(one[:])
}

// FreeBulk frees packets as [Cache.Free] does. It skips nil ones. The packets in pkts no
// longer belong to the caller afterwards.
//
// Implements: rte_pktmbuf_free_bulk
func (c *Cache) FreeBulk(pkts []*Mbuf) {
	for len(pkts) > 0 {
		n := c.recyclable(pkts)
		if n > 0 {
			c.cache.PutBulk(asObjects(pkts[:n]))
		} else if n = 1; pkts[0] != nil {
			c.freeC(pkts[0])
		}
		pkts = pkts[n:]
	}
}

// recyclable counts the mbufs at the start of pkts that may go into this cache without
// changes.
func (c *Cache) recyclable(pkts []*Mbuf) int {
	for i, m := range pkts {
		if m == nil || m.pool != c.home || !m.recyclable() {
			return i
		}
		if build.Debug {
			m.freeable()
			m.bury()
		}
	}
	return len(pkts)
}

// freeC lets C free a packet that is not recyclable.
func (c *Cache) freeC(m *Mbuf) {
	if build.Debug {
		m.freeDebug()
		return
	}
	cgo.MbufFree(m.raw())
}
