//go:build linux

package cgo

/*
#include "godpdk_mempool.h"

#cgo noescape godpdk_mempool_dequeue
#cgo nocallback godpdk_mempool_dequeue
#cgo noescape godpdk_mempool_enqueue
#cgo nocallback godpdk_mempool_enqueue
#cgo noescape godpdk_mempool_get
#cgo nocallback godpdk_mempool_get
#cgo noescape godpdk_mempool_put
#cgo nocallback godpdk_mempool_put
#cgo noescape rte_mempool_cache_flush
#cgo nocallback rte_mempool_cache_flush
#cgo noescape godpdk_mempool_default_cache
#cgo nocallback godpdk_mempool_default_cache
#cgo nocallback godpdk_mempool_available
*/
import "C"

import "unsafe"

// Flags and limits of rte_mempool.h.
const (
	MempoolNameSize    = C.GODPDK_MEMPOOL_NAMESIZE
	MempoolOpsNameSize = C.RTE_MEMPOOL_OPS_NAMESIZE
	MempoolMaxOps      = C.RTE_MEMPOOL_MAX_OPS_IDX
	MempoolCacheMax    = C.RTE_MEMPOOL_CACHE_MAX_SIZE

	MempoolNoSpread     = C.RTE_MEMPOOL_F_NO_SPREAD
	MempoolNoCacheAlign = C.RTE_MEMPOOL_F_NO_CACHE_ALIGN
	MempoolSPPut        = C.RTE_MEMPOOL_F_SP_PUT
	MempoolSCGet        = C.RTE_MEMPOOL_F_SC_GET
	MempoolNoIOVAContig = C.RTE_MEMPOOL_F_NO_IOVA_CONTIG
	MempoolCreated      = C.GODPDK_MEMPOOL_FLAG_CREATED
	MempoolNonIO        = C.GODPDK_MEMPOOL_FLAG_NON_IO
)

// Layout of struct rte_mempool_cache and of struct rte_mempool_objhdr, which precedes each
// object, in bytes.
const (
	MempoolCacheSize      = C.GODPDK_MEMPOOL_CACHE_SIZE
	MempoolCacheThreshold = C.GODPDK_MEMPOOL_CACHE_THRESHOLD
	MempoolCacheLen       = C.GODPDK_MEMPOOL_CACHE_LEN
	MempoolCacheObjs      = C.GODPDK_MEMPOOL_CACHE_OBJS
	MempoolCacheSizeof    = C.GODPDK_MEMPOOL_CACHE_SIZEOF

	MempoolHeaderSizeof = C.GODPDK_MEMPOOL_HDR_SIZEOF
	MempoolHeaderPool   = C.GODPDK_MEMPOOL_HDR_MP
	MempoolHeaderIOVA   = C.GODPDK_MEMPOOL_HDR_IOVA
)

// MempoolNative is 0 if DPDK was built with RTE_LIBRTE_MEMPOOL_DEBUG or
// RTE_LIBRTE_MEMPOOL_STATS: only [MempoolGet] and [MempoolPut] are correct then.
const MempoolNative = C.GODPDK_MEMPOOL_NATIVE

// Mempool points to a struct rte_mempool.
type Mempool = unsafe.Pointer

// MempoolCache points to a struct rte_mempool_cache.
type MempoolCache = unsafe.Pointer

// MempoolInfo describes a mempool.
type MempoolInfo struct {
	Name, Ops                                      string         // Ops is "" if this process does not have them
	Pool                                           Mempool        `json:"-"`
	Data                                           unsafe.Pointer `json:"-"` // of the ops; nil before the pool is populated
	Private                                        unsafe.Pointer `json:"-"`
	Caches                                         MempoolCache   `json:"-"` // the first of RTE_MAX_LCORE, or nil
	Flags                                          uint32
	Size, Populated, CacheSize                     uint32
	ElemSize, HeaderSize, TrailerSize, PrivateSize uint32
	Chunks, Available                              uint32 // Available is 0 before the pool is populated
	Foreign                                        uint32 // of Chunks, in memory that DPDK does not manage
	Socket, OpsIndex                               int32
	Fits                                           bool     // Data is of the kind that Ops use
	Ring                                           RingInfo // if Data is one
}

// MempoolChunk is a copy of a struct rte_mempool_memhdr. Shared is false for memory that DPDK
// does not manage, such as anonymous memory.
type MempoolChunk struct {
	Addr   unsafe.Pointer `json:"-"`
	IOVA   uint64
	Len    uint64
	Shared bool
}

// MempoolCreate creates a pool with the given ops. With populate it also populates it.
//
// Implements: rte_mempool_create_empty, rte_mempool_set_ops_byname, rte_mempool_populate_default
func MempoolCreate(name string, count, elemSize, cacheSize, privateSize uint32, socket int, flags uint32, ops string, populate bool) (Mempool, int) {
	return pointer(withName(name, func(n *C.char) C.struct_godpdk_ptr {
		return withName(ops, func(o *C.char) C.struct_godpdk_ptr {
			return C.godpdk_mempool_create(n, C.uint(count), C.uint(elemSize), C.uint(cacheSize), C.uint(privateSize),
				C.int(socket), C.uint(flags), o, cbool(populate))
		})
	}))
}

// MempoolGuardCounts prevents DPDK's telemetry from calling the ops of a pool that is not
// populated. EAL must have started.
func MempoolGuardCounts() { C.godpdk_mempool_guard_counts() }

// MempoolLookup finds and describes a pool under the lock that prevents its end.
//
// Implements: rte_mempool_lookup
func MempoolLookup(name string) (MempoolInfo, int) {
	var i C.struct_godpdk_mempool_info
	errno := withName(name, func(n *C.char) C.int { return C.godpdk_mempool_lookup(n, &i) })
	if errno != 0 {
		return MempoolInfo{}, int(errno)
	}
	return mempoolInfo(&i), 0
}

// MempoolSetOps sets the ops of a pool.
//
// Implements: rte_mempool_set_ops_byname
func MempoolSetOps(mp Mempool, name string) int {
	return withName(name, func(n *C.char) int { return int(C.godpdk_mempool_set_ops(mempool(mp), n)) })
}

// MempoolPopulate populates a pool with DPDK's memory.
//
// Implements: rte_mempool_populate_default
func MempoolPopulate(mp Mempool) (objects, errno int) {
	return valueOrErrno(C.rte_mempool_populate_default(mempool(mp)))
}

// MempoolPopulateAnon populates a pool with anonymous memory.
//
// Implements: rte_mempool_populate_anon
func MempoolPopulateAnon(mp Mempool) (objects, errno int) {
	return valueOrErrno(C.godpdk_mempool_populate_anon(mempool(mp)))
}

// MempoolFree frees mp if name still refers to it. It returns EXDEV if only the process that
// populated the pool can free its memory and mine is false.
//
// Implements: rte_mempool_free
func MempoolFree(name string, mp Mempool, mine bool) int {
	return withName(name, func(n *C.char) int { return int(C.godpdk_mempool_free(n, mempool(mp), cbool(mine))) })
}

// MempoolDescribe describes a pool. If the pool was freed, Pool is nil or the name is another
// one.
func MempoolDescribe(mp Mempool) MempoolInfo {
	var i C.struct_godpdk_mempool_info
	C.godpdk_mempool_describe(mempool(mp), &i)
	return mempoolInfo(&i)
}

// Mempools describes all pools.
//
// Implements: rte_mempool_walk
func Mempools() []MempoolInfo {
	infos := make([]C.struct_godpdk_mempool_info, 16)
	for {
		n := int(C.godpdk_mempool_walk(&infos[0], C.size_t(len(infos))))
		if n <= len(infos) {
			infos = infos[:n]
			break
		}
		infos = make([]C.struct_godpdk_mempool_info, 2*n)
	}
	pools := make([]MempoolInfo, len(infos))
	for i := range infos {
		pools[i] = mempoolInfo(&infos[i])
	}
	return pools
}

// MempoolOps returns the names of rte_mempool_ops_table by index.
func MempoolOps() []string {
	var names []string
	for {
		s := C.godpdk_mempool_ops_name(C.uint(len(names)))
		if s == nil {
			return names
		}
		names = append(names, C.GoString(s))
	}
}

// MempoolObjects returns the addresses of at most max objects, none if the pool was freed.
//
// Implements: rte_mempool_obj_iter
func MempoolObjects(name string, mp Mempool, max uint32) []uintptr {
	if max == 0 {
		return nil
	}
	objs := make([]uintptr, max)
	n := withName(name, func(n *C.char) C.uint32_t {
		return C.godpdk_mempool_objects(n, mempool(mp), (*C.uintptr_t)(unsafe.Pointer(&objs[0])), C.uint32_t(max))
	})
	return objs[:n]
}

// MempoolChunks returns at most max chunks, none if the pool was freed.
//
// Implements: rte_mempool_mem_iter
func MempoolChunks(name string, mp Mempool, max uint32) []MempoolChunk {
	if max == 0 {
		return nil
	}
	found := make([]C.struct_godpdk_mempool_chunk, max)
	found = found[:withName(name, func(n *C.char) C.uint32_t {
		return C.godpdk_mempool_chunks(n, mempool(mp), &found[0], C.uint32_t(max))
	})]
	chunks := make([]MempoolChunk, len(found))
	for i, c := range found {
		chunks[i] = MempoolChunk{Addr: c.addr, IOVA: uint64(c.iova), Len: uint64(c.len), Shared: c.shared != 0}
	}
	return chunks
}

// MempoolDamage describes an lcore's cache that holds more objects than its limit.
type MempoolDamage struct {
	Lcore      int
	Len, Limit uint32
}

// MempoolAudit checks a pool. It returns EUCLEAN for a damaged cache, and ENODATA for a pool
// that is not populated. Damaged cookies end the process.
//
// Implements: rte_mempool_audit
func MempoolAudit(name string, mp Mempool) (MempoolDamage, int) {
	var d C.struct_godpdk_mempool_damage
	errno := withName(name, func(n *C.char) C.int { return C.godpdk_mempool_audit(n, mempool(mp), &d) })
	return mempoolDamage(d), int(errno)
}

// MempoolDump describes a pool as text and checks it as [MempoolAudit] does.
//
// Implements: rte_mempool_dump
func MempoolDump(name string, mp Mempool) (string, MempoolDamage, int) {
	var d C.struct_godpdk_mempool_damage
	s, errno := text(withName(name, func(n *C.char) C.struct_godpdk_text {
		return C.godpdk_mempool_dump(n, mempool(mp), &d)
	}))
	return s, mempoolDamage(d), errno
}

func mempoolDamage(d C.struct_godpdk_mempool_damage) MempoolDamage {
	return MempoolDamage{int(d.lcore), uint32(d.len), uint32(d.limit)}
}

// MempoolAvailable returns the number of objects in a pool, 0 if the pool was freed or is not
// populated.
//
// Implements: rte_mempool_avail_count
func MempoolAvailable(name string, mp Mempool) uint32 {
	return withName(name, func(n *C.char) uint32 { return uint32(C.godpdk_mempool_available(n, mempool(mp))) })
}

// MempoolCacheCreate creates a cache.
//
// Implements: rte_mempool_cache_create
func MempoolCacheCreate(size uint32, socket int) (MempoolCache, int) {
	return pointer(C.godpdk_mempool_cache_create(C.uint32_t(size), C.int(socket)))
}

// MempoolCacheFree frees a cache.
//
// Implements: rte_mempool_cache_free
func MempoolCacheFree(c MempoolCache) { C.rte_mempool_cache_free(mempoolCache(c)) }

// MempoolDefaultCache returns the cache of the calling thread's lcore, nil if the thread is
// not an lcore.
//
// Implements: rte_mempool_default_cache
func MempoolDefaultCache(mp Mempool) MempoolCache {
	return unsafe.Pointer(C.godpdk_mempool_default_cache(mempool(mp)))
}

// MempoolDequeue takes n objects from the ops, or none.
//
// Implements: rte_mempool_ops_dequeue_bulk
func MempoolDequeue(mp Mempool, objs unsafe.Pointer, n uint32) bool {
	return C.godpdk_mempool_dequeue(mempool(mp), (*C.uintptr_t)(objs), C.uint(n)) == 0
}

// MempoolEnqueue returns n objects to the ops, or none.
//
// Implements: rte_mempool_ops_enqueue_bulk
func MempoolEnqueue(mp Mempool, objs unsafe.Pointer, n uint32) bool {
	return C.godpdk_mempool_enqueue(mempool(mp), (*C.uintptr_t)(objs), C.uint(n)) == 0
}

// MempoolGet takes n objects, or none. The cache c may be nil.
//
// Implements: rte_mempool_generic_get
func MempoolGet(mp Mempool, c MempoolCache, objs unsafe.Pointer, n uint32) bool {
	return C.godpdk_mempool_get(mempool(mp), mempoolCache(c), (*C.uintptr_t)(objs), C.uint(n)) == 0
}

// MempoolPut returns n objects. The cache c may be nil.
//
// Implements: rte_mempool_generic_put
func MempoolPut(mp Mempool, c MempoolCache, objs unsafe.Pointer, n uint32) {
	C.godpdk_mempool_put(mempool(mp), mempoolCache(c), (*C.uintptr_t)(objs), C.uint(n))
}

// MempoolFlush returns all objects of a cache to the pool.
//
// Implements: rte_mempool_cache_flush
func MempoolFlush(mp Mempool, c MempoolCache) {
	C.rte_mempool_cache_flush(mempoolCache(c), mempool(mp))
}

func mempool(mp Mempool) *C.struct_rte_mempool { return (*C.struct_rte_mempool)(mp) }

func mempoolCache(c MempoolCache) *C.struct_rte_mempool_cache {
	return (*C.struct_rte_mempool_cache)(c)
}

func mempoolInfo(i *C.struct_godpdk_mempool_info) MempoolInfo {
	return MempoolInfo{
		Name: C.GoString(&i.name[0]), Ops: C.GoString(&i.ops[0]),
		Pool: i.mp, Data: i.data, Private: i.priv, Caches: i.caches,
		Flags: uint32(i.flags),
		Size:  uint32(i.size), Populated: uint32(i.populated), CacheSize: uint32(i.cache_size),
		ElemSize: uint32(i.elt_size), HeaderSize: uint32(i.header_size),
		TrailerSize: uint32(i.trailer_size), PrivateSize: uint32(i.private_size),
		Chunks: uint32(i.chunks), Available: uint32(i.available), Foreign: uint32(i.foreign),
		Socket: int32(i.socket), OpsIndex: int32(i.ops_index),
		Fits: C.godpdk_mempool_kept_by(&i.ops[0]) == i.keeps, Ring: ringInfo(&i.ring),
	}
}
