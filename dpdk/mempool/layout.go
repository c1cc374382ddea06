package mempool

import (
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/lfstack"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringlayout"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// cacheHead is the head of struct rte_mempool_cache. The objects are cgo.MempoolCacheObjs
// bytes after its start.
type cacheHead struct {
	size      uint32 // the objects that a refill leaves in it
	threshold uint32 // the most it holds
	len       uint32
}

// The package does not compile unless these are C's.
var (
	_ = build.Same[unsafe.Offsetof(cacheHead{}.size)-cgo.MempoolCacheSize]
	_ = build.Same[unsafe.Offsetof(cacheHead{}.threshold)-cgo.MempoolCacheThreshold]
	_ = build.Same[unsafe.Offsetof(cacheHead{}.len)-cgo.MempoolCacheLen]
	// Objects are passed to C as they lie.
	_ = build.Same[unsafe.Sizeof(Object{})-wordSize]
)

const wordSize = unsafe.Sizeof(uintptr(0))

// cacheRoom is the number of objects that the memory of a cache has room for.
const cacheRoom = (cgo.MempoolCacheSizeof - cgo.MempoolCacheObjs) / wordSize

// slot returns the address of the object at index i, which may be past the last one.
func (h *cacheHead) slot(i int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(h), cgo.MempoolCacheObjs+uintptr(i)*wordSize)
}

// object is slot as a word, which the garbage collector does not treat as a pointer.
func (h *cacheHead) object(i uint32) *uintptr { return (*uintptr)(h.slot(int(i))) }

// backend is the store of the objects that are in no cache.
type backend struct {
	ring    ringcore.Ring // if isRing
	isRing  bool          // the ops are one of the ring ops
	stack   lfstack.Stack // if isStack
	isStack bool          // the ops are "lf_stack", and this build has them in Go
	mp      cgo.Mempool   // nil in the backend of a freed handle
	size    int           // of the pool
}

// ringOps are the ops that store objects in an rte_ring, with the modes in which their
// functions enter it. The mode that the ring was made for depends on the flags of the pool and
// may differ.
var ringOps = map[string]struct{ put, get ringcore.Sync }{
	"ring_mp_mc":  {ringcore.Multi, ringcore.Multi},
	"ring_sp_sc":  {ringcore.Single, ringcore.Single},
	"ring_mp_sc":  {ringcore.Multi, ringcore.Single},
	"ring_sp_mc":  {ringcore.Single, ringcore.Multi},
	"ring_mt_rts": {ringcore.RTS, ringcore.RTS},
	"ring_mt_hts": {ringcore.HTS, ringcore.HTS},
}

// newBackend describes the backend of a pool. It is empty until the pool is populated.
func newBackend(op string, i *cgo.MempoolInfo) (backend, error) {
	b := backend{mp: i.Pool, size: int(i.Size)}
	if i.Flags&cgo.MempoolCreated == 0 {
		b.ring, b.isRing = goneRing, true
		return b, nil
	}
	if cgo.MempoolNative == 0 {
		return b, nil
	}
	if lfstack.Native && i.Ops == "lf_stack" {
		b.stack, b.isStack = lfstack.At(i.Data)
		return b, nil
	}
	sync, ok := ringOps[i.Ops]
	if !ok {
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

// take gets n objects, all or none. n is not negative. r is the record in which the get was begun, or nil.
func (b *backend) take(r *lfstack.Record, objs unsafe.Pointer, n int) bool {
	if n > b.size {
		return false
	}
	switch {
	case b.isRing:
		return int(b.ring.Dequeue(objs, n, true).Done()) == n
	case b.isStack:
		return n == 0 || b.stack.Pop(r, objs, n)
	}
	return n == 0 || cgo.MempoolDequeue(b.mp, objs, uint32(n))
}

// give puts n objects, all or none. n is not negative. The pool has room for them, unless the
// caller puts objects that do not belong to it. r is the record in which the put was begun, or nil.
func (b *backend) give(r *lfstack.Record, objs unsafe.Pointer, n int) {
	switch {
	case n > b.size:
	case b.isStack:
		if n != 0 {
			b.stack.Push(r, objs, n)
		}
	case !b.isRing:
		if n != 0 {
			cgo.MempoolEnqueue(b.mp, objs, uint32(n))
		}
	case int(b.ring.Enqueue(objs, n, true).Done()) != n:
		b.giveLater(objs, n)
	}
}

// giveLater retries a put that found the ring full, which can happen with "ring_mt_rts": a get
// that began earlier and has not finished keeps the tail back, and until then the slots of
// later gets count as taken. C drops the objects in this case. One second is enough for a
// thread that still runs; after it the objects are lost to the pool.
func (b *backend) giveLater(objs unsafe.Pointer, n int) {
	var w wait.Backoff
	for end := time.Now().Add(time.Second); time.Now().Before(end); w.Turn() {
		if int(b.ring.Enqueue(objs, n, true).Done()) == n {
			return
		}
	}
}
