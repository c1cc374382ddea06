//go:build linux

package cgo

/*
#include "godpdk_heap.h"
*/
import "C"

import "unsafe"

// BadIOVA is the IO address of memory that has none.
const BadIOVA = ^uint64(0)

// HeapAlloc allocates a block and clears it.
//
// Implements: rte_zmalloc_socket, rte_zmalloc, rte_malloc_socket, rte_malloc, rte_calloc_socket, rte_calloc
func HeapAlloc(size uint64, align uint32, socket int) (unsafe.Pointer, int) {
	r := C.godpdk_heap_alloc(C.size_t(size), C.uint32_t(align), C.int(socket))
	return r.ptr, int(r.err)
}

// HeapFree frees a block.
//
// Implements: rte_free
func HeapFree(block unsafe.Pointer) { C.rte_free(block) }

// HeapValidate checks the data of DPDK around a block.
//
// Implements: rte_malloc_validate
func HeapValidate(block unsafe.Pointer) (size uint64, errno int) {
	var n C.size_t
	e := C.godpdk_heap_validate(block, &n)
	return uint64(n), int(e)
}

// HeapIOVA returns the IO address of a block, or BadIOVA.
//
// Implements: rte_malloc_virt2iova
func HeapIOVA(block unsafe.Pointer) uint64 { return uint64(C.rte_malloc_virt2iova(block)) }
