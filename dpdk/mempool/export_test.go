package mempool

import (
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// For the tests of package mempool_test.
const (
	Debug   = build.Debug
	Race    = build.Race
	OpsZone = objects.OpsZone
)

// GetN and PutN get and put n pointers at objs. They accept an n that no slice can have.
func GetN(from interface {
	get(unsafe.Pointer, int) bool
}, objs unsafe.Pointer, n int) bool {
	return from.get(objs, n)
}

func PutN(to interface{ put(unsafe.Pointer, int) }, objs unsafe.Pointer, n int) { to.put(objs, n) }

// Memory returns the struct rte_mempool_cache of c. c may be nil.
func Memory(c *Cache) unsafe.Pointer {
	if c == nil {
		return nil
	}
	return unsafe.Pointer(c.mem)
}

// Contents returns the objects in c in their order.
func Contents(c *Cache) []Object {
	objs := make([]Object, c.Len())
	for i := range objs {
		objs[i] = *(*Object)(c.mem.slot(i))
	}
	return objs
}

// Modes returns the modes in which puts and gets of p enter its ring.
func Modes(p *Pool) (put, get ringcore.Sync) { return p.ring.ProdSync, p.ring.ConsSync }

// EnterGet acts as another thread inside a get on a pool with ops "ring_mt_rts", until leave
// is called after all other gets have ended.
func (p *Pool) EnterGet() (leave func()) {
	cons := p.ring.Cons
	atomic.AddUint64(&cons.RTSHead, 1) // the low half counts the threads that have entered
	return func() {
		tail := (*uint64)(unsafe.Pointer(&cons.Head))
		atomic.StoreUint64(tail, atomic.LoadUint64(&cons.RTSHead))
	}
}
