package mempool

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/shared"
)

// NoIOVA is the IO address of memory that has none (RTE_BAD_IOVA).
const NoIOVA = ^uint64(0)

// Object is an object of a pool: a pointer into shared memory, so that []Object
// is what C calls a table of void *. The zero value is no object. It is whoever
// got it that may use it, until it is put back. It can go through a
// ring.Ring[mempool.Object], which C sees as a ring of void *: whoever takes it out
// there has it then.
type Object struct{ ptr *memory }

// memory is an object's bytes, seen from Go.
type memory struct {
	_ shared.Mark
	_ shared.Incomplete // never on Go's heap or stack; no write barriers
}

// Pointer is the object's address, the same in all processes.
func (o Object) Pointer() unsafe.Pointer { return unsafe.Pointer(o.ptr) }

// IsNil is true for the zero Object.
func (o Object) IsNil() bool { return o.ptr == nil }

// header is the struct rte_mempool_objhdr before an object.
func (o Object) header(offset uintptr) unsafe.Pointer {
	return unsafe.Add(o.Pointer(), -int(cgo.MempoolHeaderSizeof)+int(offset))
}

// ByObject finds the pool that an object belongs to (rte_mempool_from_obj). It fails for
// the zero Object, and as Lookup does.
func ByObject(o Object) (*Pool, error) {
	if o.ptr == nil {
		return nil, check.Invalid(opFromObj, "", "the object is nil")
	}
	return open(opFromObj, "", func() (cgo.MempoolInfo, error) {
		return describe(opFromObj, "", *(*unsafe.Pointer)(o.header(cgo.MempoolHeaderPool)))
	})
}

// Owns says whether the object belongs to this pool; o is nil or an object of
// some pool.
func (p *Pool) Owns(o Object) bool {
	return o.ptr != nil && p.mp != nil && *(*unsafe.Pointer)(o.header(cgo.MempoolHeaderPool)) == p.mp
}

// Bytes is the memory of an object of this pool, ElemSize long; nil for the zero
// Object. It may be used until the object is put back.
func (p *Pool) Bytes(o Object) []byte {
	if o.ptr == nil || p.mp == nil {
		return nil
	}
	return unsafe.Slice((*byte)(o.Pointer()), p.info.ElemSize)
}

// IOVA is the address of an object for devices (rte_mempool_virt2iova), or NoIOVA.
func (p *Pool) IOVA(o Object) uint64 {
	if o.ptr == nil || p.mp == nil {
		return NoIOVA
	}
	return *(*uint64)(o.header(cgo.MempoolHeaderIOVA))
}

// Get takes an object straight from the pool, and says whether there was one
// (rte_mempool_generic_get without a cache).
func (p *Pool) Get() (o Object, ok bool) {
	ok = p.get(unsafe.Pointer(&o), 1)
	return o, ok
}

// GetBulk fills all of objs or takes nothing, and says which
// (rte_mempool_generic_get without a cache).
func (p *Pool) GetBulk(objs []Object) bool {
	return p.get(unsafe.Pointer(unsafe.SliceData(objs)), len(objs))
}

// Put gives an object back straight to the pool (rte_mempool_generic_put without
// a cache). o is not the zero Object: a Get would return it, which a build with
// godpdk_debug finds.
func (p *Pool) Put(o Object) { p.put(unsafe.Pointer(&o), 1) }

// PutBulk gives objects back straight to the pool (rte_mempool_generic_put
// without a cache). None is the zero Object: see Put.
func (p *Pool) PutBulk(objs []Object) {
	p.put(unsafe.Pointer(unsafe.SliceData(objs)), len(objs))
}

// get is GetBulk for a table of n pointers, in C's sense, at objs.
func (p *Pool) get(objs unsafe.Pointer, n int) bool {
	if n < 0 {
		return false
	}
	if cgo.MempoolNative == 0 && p.mp != nil {
		return n == 0 || n <= p.size && cgo.MempoolGet(p.mp, nil, objs, uint32(n))
	}
	return p.take(objs, n)
}

// put is PutBulk for a table of n pointers, in C's sense, at objs.
func (p *Pool) put(objs unsafe.Pointer, n int) {
	if n < 0 {
		return
	}
	if build.Debug {
		checkPut(p, nil, objs, n)
	}
	if cgo.MempoolNative == 0 && p.mp != nil {
		if n != 0 && n <= p.size {
			cgo.MempoolPut(p.mp, nil, objs, uint32(n))
		}
		return
	}
	p.give(objs, n)
}
