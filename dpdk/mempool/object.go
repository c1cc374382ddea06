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

// Object is an object of a pool: a pointer into shared memory. A []Object has the layout of
// C's array of void *. The zero value is not an object. The holder may use the object until it
// is returned with Put. It can be sent through a ring.Ring[mempool.Object], which C sees as a
// ring of void *; the receiver is then the holder.
type Object struct{ ptr *memory }

// memory is the bytes of an object as a Go type.
type memory struct {
	_ shared.Mark
	_ shared.Incomplete // never on the heap or a stack of Go; no write barriers
}

// Pointer returns the address of the object, the same in all processes.
func (o Object) Pointer() unsafe.Pointer { return unsafe.Pointer(o.ptr) }

// IsNil reports whether o is the zero Object.
func (o Object) IsNil() bool { return o.ptr == nil }

// header returns the address at this offset in the struct rte_mempool_objhdr before the
// object.
func (o Object) header(offset uintptr) unsafe.Pointer {
	return unsafe.Add(o.Pointer(), -int(cgo.MempoolHeaderSizeof)+int(offset))
}

// ByObject finds the pool that an object belongs to. It fails for the zero Object, and as
// [Lookup] does.
//
// Implements: rte_mempool_from_obj
func ByObject(o Object) (*Pool, error) {
	if o.ptr == nil {
		return nil, check.Invalid(opFromObj, "", "the object is nil")
	}
	return open(opFromObj, "", func() (cgo.MempoolInfo, error) {
		return describe(opFromObj, "", *(*unsafe.Pointer)(o.header(cgo.MempoolHeaderPool)))
	})
}

// Owns reports whether the object belongs to this pool. o must be the zero Object or an object
// of some pool.
func (p *Pool) Owns(o Object) bool {
	return o.ptr != nil && p.mp != nil && *(*unsafe.Pointer)(o.header(cgo.MempoolHeaderPool)) == p.mp
}

// Bytes returns the memory of an object of this pool, [Pool.ElemSize] bytes long. It is nil
// for the zero Object. The slice may be used until the object is put back.
func (p *Pool) Bytes(o Object) []byte {
	if o.ptr == nil || p.mp == nil {
		return nil
	}
	return unsafe.Slice((*byte)(o.Pointer()), p.info.ElemSize)
}

// IOVA returns the address of an object for devices, or [NoIOVA].
//
// Implements: rte_mempool_virt2iova
func (p *Pool) IOVA(o Object) uint64 {
	if o.ptr == nil || p.mp == nil {
		return NoIOVA
	}
	return *(*uint64)(o.header(cgo.MempoolHeaderIOVA))
}

// Get takes an object from the pool without a cache. It reports whether there was one.
//
// Implements: rte_mempool_generic_get
func (p *Pool) Get() (o Object, ok bool) {
	ok = p.get(unsafe.Pointer(&o), 1)
	return o, ok
}

// GetBulk fills all of objs from the pool without a cache, or takes nothing. It reports
// whether it took them. If not, the contents of objs are undefined.
//
// Implements: rte_mempool_generic_get
func (p *Pool) GetBulk(objs []Object) bool {
	return p.get(unsafe.Pointer(unsafe.SliceData(objs)), len(objs))
}

// Put returns an object to the pool without a cache. o must not be the zero Object: a later
// Get would return it. A build with the tag godpdk_debug panics on it.
//
// Implements: rte_mempool_generic_put
func (p *Pool) Put(o Object) { p.put(unsafe.Pointer(&o), 1) }

// PutBulk returns objects to the pool without a cache. None may be the zero Object: see
// [Pool.Put].
//
// Implements: rte_mempool_generic_put
func (p *Pool) PutBulk(objs []Object) {
	p.put(unsafe.Pointer(unsafe.SliceData(objs)), len(objs))
}

// get is GetBulk for an array of n pointers (void *) at objs.
func (p *Pool) get(objs unsafe.Pointer, n int) bool {
	if n < 0 {
		return false
	}
	if cgo.MempoolNative == 0 && p.mp != nil {
		return n == 0 || n <= p.size && cgo.MempoolGet(p.mp, nil, objs, uint32(n))
	}
	return p.take(nil, objs, n)
}

// put is PutBulk for an array of n pointers (void *) at objs.
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
	p.give(nil, objs, n)
}
