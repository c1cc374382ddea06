package mbuf

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

// Cache keeps some of a pool's mbufs at hand for one goroutine. While it suffices
// Alloc and Free do not call C and share nothing with anybody. Only one
// goroutine at a time may use it. What it holds is missing from the pool for
// everybody else until Flush or Close.
type Cache struct {
	cache *mempool.Cache
	pool  *Pool
	rearm uint64
	// home is the struct rte_mempool of the mbufs that this cache takes, or
	// nowhere if C must look at them.
	home unsafe.Pointer
}

// nowhere is no mempool.
var nowhere = unsafe.Pointer(new(byte))

// NewCache makes a cache of size mbufs for a goroutine (rte_mempool_cache_create);
// it may hold half as many again. Close it when the goroutine ends. Errors:
// dpdk.ErrInvalid, dpdk.ErrNoMemory.
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

// LcoreCache is the cache that the pool keeps for an lcore, for use on that
// lcore's thread only. Errors are those of mempool.Pool.LcoreCache. It cannot be
// closed.
func (p *Pool) LcoreCache(lcore int) (*Cache, error) { return p.cached(p.pool.LcoreCache(lcore)) }

// DefaultCache is the calling lcore thread's own cache, nil on all other threads
// and for a pool whose CacheSize is 0 (rte_mempool_default_cache). It costs a
// call of C: an lcore asks once.
func (p *Pool) DefaultCache() *Cache {
	c := p.pool.DefaultCache()
	if c == nil {
		return nil
	}
	cache, _ := p.cached(c, nil)
	return cache
}

// Pool is the pool that the cache stands before.
func (c *Cache) Pool() *Pool { return c.pool }

// Size is how many mbufs a refill leaves in the cache; 0 after Close.
func (c *Cache) Size() int { return c.cache.Size() }

// Len is how many mbufs the cache holds.
func (c *Cache) Len() int { return c.cache.Len() }

// Flush gives all mbufs in the cache back to the pool (rte_mempool_cache_flush).
func (c *Cache) Flush() { c.cache.Flush() }

// Close flushes the cache and gives its memory back (rte_mempool_cache_free).
// Afterwards Alloc finds nothing; Free still gives mbufs to their pool. A second Close
// does nothing. The error is dpdk.ErrInvalid for an lcore's cache.
func (c *Cache) Close() error {
	err := c.cache.Close()
	if err == nil {
		c.home = nowhere
	}
	return err
}

// Alloc takes an empty packet: one segment, no data, the headroom of a new mbuf,
// all fields but the RSS hash and the dynamic ones zero (rte_pktmbuf_alloc). It
// says whether there was one. The caller owns it until it is freed or passed on.
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

// AllocBulk fills all of pkts with empty packets, as Alloc makes them, or takes
// nothing, and says which (rte_pktmbuf_alloc_bulk). If it took nothing the
// contents of pkts are undefined.
func (c *Cache) AllocBulk(pkts []*Mbuf) bool {
	if c.home == nowhere {
		return c.allocC(pkts)
	}
	if !c.cache.GetBulk(objects(pkts)) {
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

// allocC leaves to C what Go does not know how to reset.
func (c *Cache) allocC(pkts []*Mbuf) bool {
	if len(pkts) == 0 {
		return true
	}
	if !c.cache.GetBulk(objects(pkts)) {
		return false
	}
	cgo.MbufResetBulk(c.pool.Pointer(), unsafe.Pointer(unsafe.SliceData(pkts)), uint32(len(pkts)))
	if build.Debug {
		allocated(pkts)
	}
	return true
}

// Free gives a packet back (rte_pktmbuf_free): into this cache if it is simple
// and of the cache's pool, otherwise each segment to its own pool when nobody
// else holds it, by a call of C. A nil m does nothing.
func (c *Cache) Free(m *Mbuf) {
	if m != nil && m.pool == c.home && m.recyclable() && !build.Debug {
		c.cache.Put(*(*mempool.Object)(unsafe.Pointer(&m)))
		return
	}
	one := [1]*Mbuf{m}
	c.FreeBulk(one[:])
}

// FreeBulk gives packets back as Free does; nil ones are skipped
// (rte_pktmbuf_free_bulk). What is in pkts afterwards is another's.
func (c *Cache) FreeBulk(pkts []*Mbuf) {
	for len(pkts) > 0 {
		n := c.recyclable(pkts)
		if n > 0 {
			c.cache.PutBulk(objects(pkts[:n]))
		} else if n = 1; pkts[0] != nil {
			c.freeC(pkts[0])
		}
		pkts = pkts[n:]
	}
}

// recyclable counts the mbufs at the start of pkts that may go into this cache as
// they are.
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

// freeC leaves to C what is not simple.
func (c *Cache) freeC(m *Mbuf) {
	if build.Debug {
		m.freeDebug()
		return
	}
	cgo.MbufFree(m.raw())
}
