package mempool

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/inuse"
	"github.com/godpdk/godpdk/dpdk/internal/lfstack"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/words"
)

// Cache is a stack of objects of a pool for one goroutine or lcore. It is refilled from the
// pool when it is empty, and flushed to the pool when it holds more than 1.5 times its size.
// Only one goroutine at a time may use a cache, and needs no synchronization to use it.
// Objects in the cache are not available to others until Flush or Close.
//
// A Cache is a struct rte_mempool_cache in shared memory. C code may use the same cache when
// no goroutine does.
type Cache struct {
	mem   *cacheHead
	objs  []Object // the room of mem
	max   uint32   // the threshold of mem
	pool  *Pool
	rec   *lfstack.Record // of the refill or flush under way; nil if nobody would settle it
	owner *Pool           // pool, also after Close
	lcore int             // -1 for a user-owned cache
	turn  int             // written by every call under -race, so that the race detector finds two users
}

// NewCache makes a cache of size objects, at most [MaxCacheSize], for a goroutine. The cache
// may hold half as many again. The pool must have that many objects, so size is at most two
// thirds of them. Close the cache when the goroutine ends. Errors: dpdk.ErrInvalid,
// dpdk.ErrNoMemory.
//
// Implements: rte_mempool_cache_create
func (p *Pool) NewCache(size int) (*Cache, error) {
	switch {
	case size <= 0 || size > MaxCacheSize:
		return nil, check.Invalid(opCache, p.info.Name, "the size is %d: use 1 to %d", size, MaxCacheSize)
	case threshold(size) > int(p.info.Size):
		return nil, check.Invalid(opCache, p.info.Name, "size %d is too large for a pool of %d objects: use at most %d, two thirds of them",
			size, p.info.Size, largestCache(int(p.info.Size)))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var c *Cache
	if p.mp != nil {
		inuse.Use(cacheUser{p}, p.mp) // before the check whether another handle freed the pool
	}
	err := control.Call(opCache, p.info.Name, func() error {
		mem, rec, err := objects.MempoolCacheCreate(p.info.Name, p.mp, uint32(size), p.Socket().Int())
		if err != nil {
			return err
		}
		c = p.cacheAt(mem, -1)
		if p.isStack {
			c.rec = rec
		}
		return nil
	})
	if err != nil {
		if len(p.caches) == 0 {
			inuse.Release(cacheUser{p})
		}
		return nil, control.Explain(control.ExplainCreate(err, p.Socket()), dpdk.ErrNotFound, control.Freed)
	}
	if p.caches == nil {
		p.caches = map[*Cache]struct{}{}
	}
	p.caches[c] = struct{}{}
	return c, nil
}

// cacheUser registers the caches of a handle as users of the pool: Free on another handle
// would leave them without it.
type cacheUser struct{ pool *Pool }

func (u cacheUser) String() string {
	return "there are caches from NewCache on another handle of the pool: close them first, or free the pool by that handle"
}

// Gone implements inuse.User.
func (u cacheUser) Gone() bool { return false }

// LcoreCache returns the cache that the pool has for an lcore. While that lcore runs, in any
// process, only its thread may use the cache. The error is dpdk.ErrInvalid for a pool with a
// CacheSize of 0, and for an lcore out of range.
//
// Implements: rte_mempool_default_cache
func (p *Pool) LcoreCache(lcore int) (*Cache, error) {
	switch {
	case p.mp == nil:
		return nil, freedBefore(opLcoreCache, p.info.Name)
	case lcore < 0 || lcore >= cgo.MaxLcore:
		return nil, check.Invalid(opLcoreCache, p.info.Name, "the lcore is %d: use 0 to %d", lcore, cgo.MaxLcore-1)
	case p.info.Caches == nil:
		return nil, check.Invalid(opLcoreCache, p.info.Name, "the pool has no caches for lcores: give it a CacheSize, or use NewCache")
	}
	return p.lcoreCache(lcore), nil
}

// DefaultCache returns the cache of the calling lcore thread. It is nil on all other threads,
// and for a pool with a CacheSize of 0. It calls C: call it once per lcore and keep the
// result. Goroutines on other threads use [Pool.NewCache].
//
// Implements: rte_mempool_default_cache
func (p *Pool) DefaultCache() *Cache {
	if p.mp == nil || p.info.Caches == nil {
		return nil
	}
	mem := cgo.MempoolDefaultCache(p.mp)
	if mem == nil {
		return nil
	}
	return p.lcoreCache(int((uintptr(mem) - uintptr(p.info.Caches)) / cgo.MempoolCacheSizeof))
}

// lcoreCache returns the one Cache of each lcore, so that Free finds it.
func (p *Pool) lcoreCache(lcore int) *Cache {
	if c := p.lcores[lcore].Load(); c != nil {
		return c
	}
	p.lcores[lcore].CompareAndSwap(nil, p.cacheAt(unsafe.Add(p.info.Caches, lcore*cgo.MempoolCacheSizeof), lcore))
	return p.lcores[lcore].Load()
}

// cacheAt describes a struct rte_mempool_cache of the pool.
func (p *Pool) cacheAt(mem unsafe.Pointer, lcore int) *Cache {
	m := (*cacheHead)(mem)
	return &Cache{mem: m, objs: unsafe.Slice((*Object)(m.slot(0)), cacheRoom), max: m.threshold, pool: p, owner: p, lcore: lcore}
}

// forget makes the cache an empty one that accepts nothing.
func (c *Cache) forget() {
	*c = Cache{mem: &goneCache, pool: &gonePool, owner: c.owner, lcore: c.lcore}
}

// Close flushes a cache made by [Pool.NewCache] and frees its memory. The closed cache is
// empty and accepts nothing. Closing it again does nothing. The error is dpdk.ErrInvalid for
// the cache of an lcore, which is part of the pool.
//
// Implements: rte_mempool_cache_free
func (c *Cache) Close() error {
	p := c.owner
	if c.lcore >= 0 {
		return check.Invalid(opCacheFree, p.info.Name, "the cache of lcore %d is part of the pool: use Flush", c.lcore)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.pool == &gonePool {
		return nil
	}
	return control.Call(opCacheFree, p.info.Name, func() error {
		c.Flush()
		mem := c.mem
		c.forget()
		if delete(p.caches, c); len(p.caches) == 0 {
			inuse.Release(cacheUser{p})
		}
		return objects.MempoolCacheFree(p.info.Name, unsafe.Pointer(mem))
	})
}

// Pointer returns the struct rte_mempool_cache, for C. After Close it is an empty one.
func (c *Cache) Pointer() unsafe.Pointer { return unsafe.Pointer(c.mem) }

// Pool returns the pool of the cache.
func (c *Cache) Pool() *Pool { return c.owner }

// Size returns the number of objects that a refill leaves in the cache, 0 after Close.
func (c *Cache) Size() int { return int(c.mem.size) }

// Len returns the number of objects in the cache.
func (c *Cache) Len() int { return int(c.mem.len) }

// Room returns the number of objects that fit into the cache before it is flushed.
func (c *Cache) Room() int { return int(c.mem.threshold) - int(c.mem.len) }

// Flush returns all objects in the cache to the pool.
//
// Implements: rte_mempool_cache_flush
func (c *Cache) Flush() {
	if build.Race {
		c.turn++
	}
	n := int(c.mem.len)
	if n == 0 {
		return
	}
	if cgo.MempoolNative == 0 {
		cgo.MempoolFlush(c.pool.mp, unsafe.Pointer(c.mem))
		return
	}
	c.flush(n)
}

// flush returns the n objects in the cache to the pool.
func (c *Cache) flush(n int) {
	m, p := c.mem, c.pool
	c.rec.Begin(&p.stack, n, true, true)
	m.len = 0 // before the pool can have them: see getMore
	p.give(c.rec, m.slot(0), n)
	c.rec.End()
}

// fastPath is true where Get and Put of one object need only the cache.
const fastPath = cgo.MempoolNative == 1 && !build.Race && !build.Debug

// Get and Put cost 80 each, as go build -gcflags=-m=2 counts. That is the most that the compiler inlines.

// Get takes an object. It reports whether there was one.
//
// Implements: rte_mempool_generic_get, rte_mempool_get
func (c *Cache) Get() (o Object, ok bool) {
	if !fastPath {
		return c.getOne()
	}
	if c.mem.len != 0 || c.refill() {
		c.mem.len--
		return c.objs[c.mem.len], true
	}
	return
}

func (c *Cache) getOne() (o Object, ok bool) {
	ok = c.get(unsafe.Pointer(&o), 1)
	return o, ok
}

// refill gets objects into the empty cache: one more than its size, or else one.
func (c *Cache) refill() bool { return c.fill(int(c.mem.size)+1) || c.fill(1) }

// GetBulk fills all of objs, or takes nothing. It reports whether it took them. If not, the
// contents of objs are undefined.
//
// Implements: rte_mempool_generic_get, rte_mempool_get_bulk
func (c *Cache) GetBulk(objs []Object) bool {
	return c.get(unsafe.Pointer(unsafe.SliceData(objs)), len(objs))
}

// Put returns an object. o must not be the zero Object: see [Pool.Put].
//
// Implements: rte_mempool_generic_put, rte_mempool_put
func (c *Cache) Put(o Object) {
	if fastPath && c.mem.len < c.max {
		c.objs[c.mem.len] = o
		c.mem.len++
	} else {
		c.putOne(o)
	}
}

//go:noinline
func (c *Cache) putOne(o Object) { c.put(unsafe.Pointer(&o), 1) }

// PutBulk returns objects. None may be the zero Object: see [Pool.Put].
//
// Implements: rte_mempool_generic_put, rte_mempool_put_bulk
func (c *Cache) PutBulk(objs []Object) {
	c.put(unsafe.Pointer(unsafe.SliceData(objs)), len(objs))
}

// get is GetBulk for an array of n pointers (void *) at objs.
func (c *Cache) get(objs unsafe.Pointer, n int) bool {
	if build.Race {
		c.turn++
	}
	m := c.mem
	have := int(m.len)
	if cgo.MempoolNative == 0 || uint(n) > uint(have) {
		return c.getMore(objs, n)
	}
	// The length is lowered last: at no moment is an object in neither place.
	words.Pop(objs, m.slot(have), n)
	lfstack.Reach("got")
	m.len = uint32(have - n)
	return true
}

// getMore gets more objects than the cache has: first those of the cache, then from the pool.
// If the pool has enough, it refills the cache to its size as well, as C does.
func (c *Cache) getMore(objs unsafe.Pointer, n int) bool {
	m, p := c.mem, c.pool
	if n < 0 || n > p.size {
		return false
	}
	if cgo.MempoolNative == 0 {
		return n == 0 || p.mp != nil && cgo.MempoolGet(p.mp, unsafe.Pointer(m), objs, uint32(n))
	}
	have, size := int(m.len), int(m.size)
	rest := n - have
	words.Pop(objs, m.slot(have), have)
	objs = unsafe.Add(objs, uintptr(have)*wordSize)
	// If the process is killed, the primary returns the contents of the cache to the pool. So the
	// length never counts an object that the pool or the caller has. Until End, the record counts them.
	if rest > cgo.MempoolCacheMax {
		c.rec.Begin(&p.stack, rest, false, false)
		ok := p.take(c.rec, objs, rest)
		c.rec.End()
		if ok {
			m.len = 0
		}
		return ok // if not, the cache still has what was copied
	}
	m.len = 0
	left := size
	if !c.fill(left + rest) {
		left = 0
		if !c.fill(rest) { // not to objs: until take returns, the pool may also have the objects
			m.len = uint32(have)
			return false
		}
	}
	if left != 0 {
		words.Pop(objs, m.slot(left+rest), rest)
	} else {
		words.Push(objs, m.slot(0), rest)
	}
	m.len = uint32(left)
	return true
}

// fill gets n objects into the empty cache, all or none.
func (c *Cache) fill(n int) bool {
	c.rec.Begin(&c.pool.stack, n, false, true)
	ok := c.pool.take(c.rec, c.mem.slot(0), n)
	if ok {
		c.mem.len = uint32(n)
		lfstack.Reach("filled")
	}
	c.rec.End()
	return ok
}

// put is PutBulk for an array of n pointers (void *) at objs.
func (c *Cache) put(objs unsafe.Pointer, n int) {
	if build.Race {
		c.turn++
	}
	if build.Debug {
		checkPut(c.pool, c, objs, n)
	}
	m := c.mem
	have := int(m.len)
	if cgo.MempoolNative == 0 || uint(n) > uint(int(m.threshold)-have) {
		c.putMore(objs, n)
		return
	}
	words.Push(m.slot(have), objs, n)
	lfstack.Reach("put")
	m.len = uint32(have + n)
}

// putMore puts more objects than the cache has room for.
func (c *Cache) putMore(objs unsafe.Pointer, n int) {
	m, p := c.mem, c.pool
	have := int(m.len)
	switch {
	case n <= 0 || n > p.size:
	case cgo.MempoolNative == 0:
		cgo.MempoolPut(p.mp, unsafe.Pointer(m), objs, uint32(n))
	case n > int(m.threshold):
		c.rec.Begin(&p.stack, n, true, false)
		p.give(c.rec, objs, n)
		c.rec.End()
	default:
		c.flush(have)
		words.Push(m.slot(0), objs, n)
		m.len = uint32(n)
	}
}
