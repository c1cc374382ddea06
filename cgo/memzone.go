//go:build linux

package cgo

/*
#include "godpdk_memzone.h"
*/
import "C"

import "unsafe"

// Flags and limits of rte_memzone.h, and its default alignment.
const (
	MemzoneNameSize = C.RTE_MEMZONE_NAMESIZE
	CacheLineSize   = C.RTE_CACHE_LINE_SIZE

	Memzone2MB          = C.RTE_MEMZONE_2MB
	Memzone1GB          = C.RTE_MEMZONE_1GB
	Memzone16MB         = C.RTE_MEMZONE_16MB
	Memzone16GB         = C.RTE_MEMZONE_16GB
	Memzone256KB        = C.RTE_MEMZONE_256KB
	Memzone256MB        = C.RTE_MEMZONE_256MB
	Memzone512MB        = C.RTE_MEMZONE_512MB
	Memzone4GB          = C.RTE_MEMZONE_4GB
	MemzoneSizeHintOnly = C.RTE_MEMZONE_SIZE_HINT_ONLY
	MemzoneIOVAContig   = C.RTE_MEMZONE_IOVA_CONTIG
)

// MemzoneInfo is a copy of a struct rte_memzone.
type MemzoneInfo struct {
	Name         string
	IOVA         uint64
	Addr         unsafe.Pointer `json:"-"`
	Len          uint64
	HugepageSize uint64
	Socket       int32
	Flags        uint32
}

// MemzoneReserve reserves a zone. Align 0 means a cache line.
//
// Implements: rte_memzone_reserve_bounded
func MemzoneReserve(name string, size uint64, socket int, flags, align, bound uint32) (MemzoneInfo, int) {
	return memzone(withName(name, func(n *C.char) C.struct_godpdk_memzone {
		return C.godpdk_memzone_reserve(n, C.size_t(size), C.int(socket), C.uint(flags), C.uint(align), C.uint(bound))
	}))
}

// MemzoneLookup copies the descriptor of a zone under the lock that prevents its end.
//
// Implements: rte_memzone_lookup
func MemzoneLookup(name string) (MemzoneInfo, int) {
	return memzone(withName(name, func(n *C.char) C.struct_godpdk_memzone {
		return C.godpdk_memzone_lookup(n, nil)
	}))
}

// MemzoneFree frees the zone of that name if it is still at addr.
//
// Implements: rte_memzone_free
func MemzoneFree(name string, addr unsafe.Pointer) int {
	return withName(name, func(n *C.char) int { return int(C.godpdk_memzone_free(n, addr)) })
}

// Memzones copies all descriptors.
//
// Implements: rte_memzone_walk
func Memzones() ([]MemzoneInfo, int) {
	l := C.godpdk_memzone_walk()
	defer C.free(unsafe.Pointer(l.zones))
	zones := make([]MemzoneInfo, l.len)
	for i, z := range unsafe.Slice(l.zones, l.len) {
		zones[i] = memzoneInfo(&z)
	}
	return zones, int(l.err)
}

func memzone(z C.struct_godpdk_memzone) (MemzoneInfo, int) {
	if z.err != 0 {
		return MemzoneInfo{}, int(z.err)
	}
	return memzoneInfo(&z.zone), 0
}

func memzoneInfo(z *C.struct_rte_memzone) MemzoneInfo {
	return MemzoneInfo{
		Name:         C.GoString(&z.name[0]),
		IOVA:         uint64(z.iova),
		Addr:         C.godpdk_memzone_addr(z),
		Len:          uint64(z.len),
		HugepageSize: uint64(z.hugepage_sz),
		Socket:       int32(z.socket_id),
		Flags:        uint32(z.flags),
	}
}
