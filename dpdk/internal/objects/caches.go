package objects

import (
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/lfstack"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

type newCache struct {
	Pool   uintptr
	Size   uint32
	Socket int
}

// newCacheMade is a cache and its record.
type newCacheMade struct{ Cache, Record uintptr }

var (
	mempoolCacheCreate = delegate.Func("rte_mempool_cache_create", func(o delegate.Owner, pool string, a newCache) (newCacheMade, error) {
		if err := exists(pool, a.Pool); err != nil {
			return newCacheMade{}, err
		}
		c, errno := cgo.MempoolCacheCreate(a.Size, a.Socket)
		if errno != 0 {
			return newCacheMade{}, control.Errno(errno)
		}
		if o == delegate.Self {
			return newCacheMade{Cache: number(c)}, nil
		}
		return newCacheMade{number(c), number(unsafe.Pointer(book.add(number(c), cache{owner: o, pool: pool, at: a.Pool})))}, nil
	})
	mempoolCacheFree = delegate.Func("rte_mempool_cache_free", func(o delegate.Owner, _ string, at uintptr) (none, error) {
		if o != delegate.Self && !book.remove(o, at) {
			return none{}, dpdk.ErrNotFound
		}
		cgo.MempoolCacheFree(address(at))
		return none{}, nil
	})
)

// MempoolCacheCreate creates a cache for a pool. If this process dies, the primary settles the operation
// of the record, and returns the contents of the cache to the pool. The record is nil if there is none.
// The error is dpdk.ErrNotFound if the pool was freed.
func MempoolCacheCreate(pool string, mp cgo.Mempool, size uint32, socket int) (cgo.MempoolCache, *lfstack.Record, error) {
	made, err := mempoolCacheCreate(pool, newCache{number(mp), size, socket})
	return address(made.Cache), (*lfstack.Record)(address(made.Record)), err
}

// MempoolCacheFree frees an empty cache of a pool.
func MempoolCacheFree(pool string, c cgo.MempoolCache) error {
	_, err := mempoolCacheFree(pool, number(c))
	return err
}

// cache describes a cache that the primary has made for a secondary.
type cache struct {
	owner  delegate.Owner
	pool   string
	at     uintptr         // the pool; 0 after it was freed
	record *lfstack.Record // of what its owner does on the stack of the pool; nil if there is none
}

// caches are the caches of secondaries.
type caches struct {
	mu      sync.Mutex
	of      map[uintptr]cache // by address
	table   lfstack.Table     // the records, once a secondary has asked for one
	records []*lfstack.Record // those that no cache has
}

var book = &caches{of: map[uintptr]cache{}}

// EachCache calls f in the primary with each cache that it has made for a secondary and this pool.
func EachCache(pool cgo.Mempool, f func(cgo.MempoolCache)) {
	book.each(pool, func(at uintptr, _ *lfstack.Record) { f(address(at)) })
}

// CachesIdle reports in the primary whether no secondary refills or flushes a cache that it has made for
// this pool, and nothing that a dead one had begun waits to be settled.
func CachesIdle(pool cgo.Mempool) bool {
	all := true
	book.each(pool, func(_ uintptr, r *lfstack.Record) { all = all && (r == nil || r.Idle()) })
	return all
}

func (b *caches) each(pool cgo.Mempool, f func(at uintptr, r *lfstack.Record)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for at, c := range b.of {
		if c.at == number(pool) {
			f(at, c.record)
		}
	}
}

// add adds a cache, and returns its record.
func (b *caches) add(at uintptr, c cache) *lfstack.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.makeRecords()
	if n := len(b.records); n > 0 {
		c.record = b.records[n-1]
		b.records = b.records[:n-1]
	}
	b.of[at] = c
	return c.record
}

// recordsZone is the name of the memzone with the records of caches.
const recordsZone = "godpdk_cache_records"

// makeRecords makes the table of records, unless it exists or this build has no use for it. Without
// memory the caches have no records. The caller holds mu.
func (b *caches) makeRecords() {
	if !lfstack.Native {
		return
	}
	z, errno := cgo.MemzoneLookup(recordsZone)
	if errno == 0 && z.Addr == b.table.Start {
		return
	}
	b.records = nil // those of an EAL that has ended
	defer telserver.Enter()()
	if z, errno = cgo.MemzoneReserve(recordsZone, lfstack.Size*lfstack.Records, -1, 0, 0, 0); errno != 0 {
		return
	}
	b.table = lfstack.Table{Start: z.Addr}
	b.table.Clear()
	for i := lfstack.Records - 1; i > 0; i-- {
		b.records = append(b.records, b.table.At(i))
	}
}

// drop releases the record of a cache of a dead process.
func (b *caches) drop(c cache) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.record != nil {
		c.record.End() // unless it was settled, its pool does not exist
	}
	b.release(c)
}

// release makes the record of a cache free for another. The caller holds mu.
func (b *caches) release(c cache) {
	if c.record != nil {
		b.records = append(b.records, c.record)
	}
}

// remove reports whether the owner had the cache.
func (b *caches) remove(o delegate.Owner, at uintptr) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.of[at]
	if !ok || c.owner != o {
		return false
	}
	delete(b.of, at)
	b.release(c)
	return true
}

// forgetPool records that a pool was freed, and the objects in its caches with it.
func (b *caches) forgetPool(pool uintptr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for at, c := range b.of {
		if c.at == pool {
			c.at = 0
			b.of[at] = c
		}
	}
}

// take removes and returns a cache of an owner. ok is false if the owner has none.
func (b *caches) take(o delegate.Owner) (at uintptr, c cache, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for at, c := range b.of {
		if c.owner == o {
			delete(b.of, at)
			return at, c, true
		}
	}
	return 0, cache{}, false
}

// A process that has ended in order may still run, and use a cache that it did not close. Only the
// contents of the caches of the dead go back.
func init() {
	delegate.OnEnd(func(o delegate.Owner, died bool) {
		if died {
			returnCaches(o)
		}
	})
}

// returnCaches frees the caches of a dead process, after it has settled what the process had begun and has
// returned their contents to the pools.
func returnCaches(o delegate.Owner) {
	returned := 0
	for at, c, ok := book.take(o); ok; at, c, ok = book.take(o) {
		err := control.Call("rte_mempool_cache_free", c.pool, func() error {
			if c.at != 0 && pins.pin(c.pool, c.at) {
				defer pins.unpin(c.at)
				c.settle(at)
				returned += giveBack(c.pool, c.at, drain(at))
			}
			cgo.MempoolCacheFree(address(at))
			return nil
		})
		if err != nil {
			control.Logger().Warn("a cache of a dead process was not returned to its pool", "pool", c.pool, "error", err)
		}
		book.drop(c)
		delegate.Reach("after a cache")
	}
	delegate.Recovered(o, delegate.Recovery{Returned: returned})
}

// cacheRoom is the number of objects that the memory of a cache has room for.
const cacheRoom = int(cgo.MempoolCacheSizeof-cgo.MempoolCacheObjs) / int(unsafe.Sizeof(uintptr(0)))

// settle ends the refill or flush of a dead process. The cache has its objects afterwards, or the pool.
func (c *cache) settle(at uintptr) {
	r := c.record
	if r == nil || r.Idle() {
		return
	}
	info := cgo.MempoolDescribe(address(c.at))
	stack, ok := lfstack.At(info.Data)
	if !ok || !r.Fits(&stack, int(info.Size), cacheRoom) {
		control.Logger().Error("a process that has died had overwritten the record of a cache: the objects of its last refill or flush are lost", "pool", c.pool)
		return
	}
	if n, inCache := r.Settle(); inCache {
		*(*uint32)(unsafe.Add(address(at), cgo.MempoolCacheLen)) = uint32(n)
	}
}

// LcoreCaches are the caches that all pools have for some lcores.
type LcoreCaches struct {
	lcores []int
	pools  []cgo.MempoolInfo // that cannot be freed until Return
	objs   [][]uintptr       // by pool
}

// CachesOf finds the caches of all pools for the lcores of a dead process. Call Return afterwards.
func CachesOf(lcores []int) *LcoreCaches {
	l := &LcoreCaches{lcores: lcores}
	_ = control.Call("rte_mempool_walk", "", func() error {
		for _, i := range cgo.Mempools() {
			if i.Caches != nil && pins.pin(i.Name, number(i.Pool)) {
				l.pools = append(l.pools, i)
			}
		}
		return nil
	})
	l.objs = make([][]uintptr, len(l.pools))
	return l
}

// Empty takes the objects out of the caches for the lcores that keep reports false for. It does not
// wait for other processes. No process may use these caches meanwhile.
func (l *LcoreCaches) Empty(keep func(lcore int) bool) {
	for n, i := range l.pools {
		for _, lcore := range l.lcores {
			if !keep(lcore) {
				l.objs[n] = append(l.objs[n], drain(number(unsafe.Add(i.Caches, lcore*cgo.MempoolCacheSizeof)))...)
			}
		}
	}
}

// Return returns the objects to their pools, and their number.
func (l *LcoreCaches) Return() (returned int) {
	for n, i := range l.pools {
		_ = control.Call("rte_mempool_ops_enqueue_bulk", i.Name, func() error {
			returned += giveBack(i.Name, number(i.Pool), l.objs[n])
			return nil
		})
		pins.unpin(number(i.Pool))
	}
	return returned
}

// drain takes all objects out of the cache of a dead process. An object that the process was
// taking out is still in it.
func drain(at uintptr) []uintptr {
	length := (*uint32)(unsafe.Add(address(at), cgo.MempoolCacheLen))
	n := min(int(*length), cacheRoom)
	objs := append([]uintptr{}, unsafe.Slice((*uintptr)(unsafe.Add(address(at), cgo.MempoolCacheObjs)), n)...)
	*length = 0
	return objs
}

// giveBack returns objects to a pinned pool, and their number. An object that is in the list twice is
// returned once.
func giveBack(pool string, at uintptr, objs []uintptr) int {
	seen := map[uintptr]bool{}
	n := 0
	for _, o := range objs {
		if !seen[o] {
			seen[o] = true
			objs[n] = o
			n++
		}
	}
	if n > 0 && !cgo.MempoolEnqueue(address(at), unsafe.Pointer(&objs[0]), uint32(n)) {
		control.Logger().Warn("objects of a dead process were not returned to the pool, which has no room", "pool", pool, "objects", n)
		return 0
	}
	return n
}
