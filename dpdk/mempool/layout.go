package mempool

import (
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringlayout"
)

// cacheHead is the head of struct rte_mempool_cache; the objects stand
// cgo.MempoolCacheObjs behind its start.
type cacheHead struct {
	size      uint32 // what a refill leaves in it
	threshold uint32 // the most it holds
	len       uint32
}

// These are C's, or the package does not compile.
var (
	_ = build.Same[unsafe.Offsetof(cacheHead{}.size)-cgo.MempoolCacheSize]
	_ = build.Same[unsafe.Offsetof(cacheHead{}.threshold)-cgo.MempoolCacheThreshold]
	_ = build.Same[unsafe.Offsetof(cacheHead{}.len)-cgo.MempoolCacheLen]
	// Objects are passed to C as they lie.
	_ = build.Same[unsafe.Sizeof(Object{})-wordSize]
)

const wordSize = unsafe.Sizeof(uintptr(0))

// slot is where the object at index i of the cache stands, or would stand.
func (h *cacheHead) slot(i int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(h), cgo.MempoolCacheObjs+uintptr(i)*wordSize)
}

// object is slot as a word: to the garbage collector it is no pointer.
func (h *cacheHead) object(i uint32) *uintptr { return (*uintptr)(h.slot(int(i))) }

// backend is where a pool keeps the objects that no cache has.
type backend struct {
	ring   ringcore.Ring // if isRing
	isRing bool          // the ops are one of the ring ops
	mp     cgo.Mempool   // nil in the backend of a freed handle
	size   int           // the pool's
}

// ringOps are the ops whose data is an rte_ring, with how their functions enter
// it, which is not what the ring was made for: that follows the pool's flags.
var ringOps = map[string]struct{ put, get ringcore.Sync }{
	"ring_mp_mc":  {ringcore.Multi, ringcore.Multi},
	"ring_sp_sc":  {ringcore.Single, ringcore.Single},
	"ring_mp_sc":  {ringcore.Multi, ringcore.Single},
	"ring_sp_mc":  {ringcore.Single, ringcore.Multi},
	"ring_mt_rts": {ringcore.RTS, ringcore.RTS},
	"ring_mt_hts": {ringcore.HTS, ringcore.HTS},
}

// newBackend describes the backend of a pool, which is empty until the pool is
// populated.
func newBackend(op string, i *cgo.MempoolInfo) (backend, error) {
	b := backend{mp: i.Pool, size: int(i.Size)}
	if i.Flags&cgo.MempoolCreated == 0 {
		b.ring, b.isRing = goneRing, true
		return b, nil
	}
	sync, ok := ringOps[i.Ops]
	if !ok || cgo.MempoolNative == 0 {
		return b, nil
	}
	ring, err := ringlayout.Describe(i.Ring, uint32(wordSize))
	if err != nil {
		return b, check.Invalid(op, i.Name, "ops %q: %v", i.Ops, err)
	}
	ring.ProdSync, ring.ConsSync = sync.put, sync.get
	b.ring, b.isRing = ring, true
	return b, nil
}

// take gets n objects, all or none; n is not negative.
func (b *backend) take(objs unsafe.Pointer, n int) bool {
	if n > b.size {
		return false
	}
	if b.isRing {
		return int(b.ring.Dequeue(objs, n, true).Done()) == n
	}
	return n == 0 || cgo.MempoolDequeue(b.mp, objs, uint32(n))
}

// give puts n objects, all or none; n is not negative. There is always room,
// unless objects are put that did not come from the pool.
func (b *backend) give(objs unsafe.Pointer, n int) {
	switch {
	case n > b.size:
	case !b.isRing:
		if n != 0 {
			cgo.MempoolEnqueue(b.mp, objs, uint32(n))
		}
	case int(b.ring.Enqueue(objs, n, true).Done()) != n:
		b.giveLater(objs, n)
	}
}

// giveLater puts objects that found no room. With ops "ring_mt_rts" that can be:
// a get is over when others who began before it have not moved the tail yet, and
// until they do its slots count as taken. C drops the objects then. A second is
// long enough for whoever lives; after that the objects are not the pool's.
func (b *backend) giveLater(objs unsafe.Pointer, n int) {
	var wait ringcore.Backoff
	for end := time.Now().Add(time.Second); time.Now().Before(end); wait.Yield() {
		if int(b.ring.Enqueue(objs, n, true).Done()) == n {
			return
		}
	}
}
