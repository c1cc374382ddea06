//go:build linux

package cgo

/*
#include "godpdk_ring.h"
*/
import "C"

import "unsafe"

// Flags and limits of rte_ring_core.h.
const (
	RingNameSize = C.GODPDK_RING_NAMESIZE
	RingSizeMask = C.RTE_RING_SZ_MASK

	RingExactSize = C.RING_F_EXACT_SZ
	RingSPEnqueue = C.RING_F_SP_ENQ
	RingSCDequeue = C.RING_F_SC_DEQ
	RingRTSEnq    = C.RING_F_MP_RTS_ENQ
	RingRTSDeq    = C.RING_F_MC_RTS_DEQ
	RingHTSEnq    = C.RING_F_MP_HTS_ENQ
	RingHTSDeq    = C.RING_F_MC_HTS_DEQ
)

// Layout of struct rte_ring and its heads and tails, in bytes.
const (
	RingProd    = C.GODPDK_RING_PROD
	RingCons    = C.GODPDK_RING_CONS
	RingSizeof  = C.GODPDK_RING_SIZEOF
	RingHead    = C.GODPDK_RING_HEAD
	RingTail    = C.GODPDK_RING_TAIL
	RingSync    = C.GODPDK_RING_SYNC
	RingRTSTail = C.GODPDK_RING_RTS_TAIL
	RingRTSMax  = C.GODPDK_RING_RTS_MAX
	RingRTSHead = C.GODPDK_RING_RTS_HEAD
	RingHTSPos  = C.GODPDK_RING_HTS_POS
)

// Values of enum rte_ring_sync_type.
const (
	RingSyncMT  = C.RTE_RING_SYNC_MT
	RingSyncST  = C.RTE_RING_SYNC_ST
	RingSyncRTS = C.RTE_RING_SYNC_MT_RTS
	RingSyncHTS = C.RTE_RING_SYNC_MT_HTS
)

// Ring points to a struct rte_ring.
type Ring = unsafe.Pointer

// RingInfo describes a ring. Memory is the length of its memzone.
type RingInfo struct {
	Ring                       Ring `json:"-"`
	Name                       string
	Flags                      uint32
	Size, Mask, Capacity       uint32
	ProducerSync, ConsumerSync uint32
	Count                      uint32
	Memory                     uint64
}

// RingCreate creates and describes a ring.
//
// Implements: rte_ring_create_elem
func RingCreate(name string, elemSize, count uint32, socket int, flags uint32) (RingInfo, int) {
	return describedRing(name, func(n *C.char, i *C.struct_godpdk_ring_info) C.int {
		return C.godpdk_ring_create(n, C.uint(elemSize), C.uint(count), C.int(socket), C.uint(flags), i)
	})
}

// RingLookup finds and describes a ring under the lock that prevents its end.
//
// Implements: rte_ring_lookup
func RingLookup(name string) (RingInfo, int) {
	return describedRing(name, func(n *C.char, i *C.struct_godpdk_ring_info) C.int {
		return C.godpdk_ring_lookup(n, nil, i)
	})
}

func describedRing(name string, f func(*C.char, *C.struct_godpdk_ring_info) C.int) (RingInfo, int) {
	var i C.struct_godpdk_ring_info
	errno := withName(name, func(n *C.char) C.int { return f(n, &i) })
	if errno != 0 {
		return RingInfo{}, int(errno)
	}
	return ringInfo(&i), 0
}

// RingFree frees r if name still refers to it.
//
// Implements: rte_ring_free
func RingFree(name string, r Ring) int {
	return withName(name, func(n *C.char) int {
		return int(C.godpdk_ring_free(n, (*C.struct_rte_ring)(r)))
	})
}

// RingMemsize returns the bytes of a ring. size is a power of two.
//
// Implements: rte_ring_get_memsize_elem
func RingMemsize(elemSize, size uint32) int64 {
	return int64(C.rte_ring_get_memsize_elem(C.uint(elemSize), C.uint(size)))
}

// Rings describes all rings.
func Rings() []RingInfo {
	infos := make([]C.struct_godpdk_ring_info, 64)
	for {
		n := int(C.godpdk_ring_list(&infos[0], C.size_t(len(infos))))
		if n <= len(infos) {
			infos = infos[:n]
			break
		}
		infos = make([]C.struct_godpdk_ring_info, 2*n)
	}
	rings := make([]RingInfo, len(infos))
	for i := range infos {
		rings[i] = ringInfo(&infos[i])
	}
	return rings
}

// RingDump describes r as text if name still refers to it.
//
// Implements: rte_ring_dump
func RingDump(name string, r Ring) (string, int) {
	return text(withName(name, func(n *C.char) C.struct_godpdk_text {
		return C.godpdk_ring_dump(n, (*C.struct_rte_ring)(r))
	}))
}

func ringInfo(i *C.struct_godpdk_ring_info) RingInfo {
	return RingInfo{
		Ring:         i.ring,
		Name:         C.GoString(&i.name[0]),
		Flags:        uint32(i.flags),
		Size:         uint32(i.size),
		Mask:         uint32(i.mask),
		Capacity:     uint32(i.capacity),
		ProducerSync: uint32(i.prod_sync),
		ConsumerSync: uint32(i.cons_sync),
		Count:        uint32(i.count),
		Memory:       uint64(i.memory),
	}
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
