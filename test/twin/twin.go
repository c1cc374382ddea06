//go:build linux

// Package twin holds the C side of differential tests and benchmarks: it calls the functions of
// DPDK through cgo for everything that Go implements natively.
package twin

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo LDFLAGS: -Wl,--as-needed
#include <stdio.h>
#include <rte_errno.h>
#include <rte_memory.h>

// Copies the text: rte_strerror's buffer belongs to the thread and is reused.
static inline void
twin_strerror(int err, char *buf, size_t len)
{
	snprintf(buf, len, "%s", rte_strerror(err));
}
*/
import "C"

import "unsafe"

// Strerror returns DPDK's text for errno.
//
// Implements: rte_strerror
func Strerror(errno int) string {
	var buf [256]C.char
	C.twin_strerror(C.int(errno), &buf[0], C.size_t(len(buf)))
	return C.GoString(&buf[0])
}

// VirtToIOVA returns the IO address of addr.
//
// Implements: rte_mem_virt2iova
func VirtToIOVA(addr unsafe.Pointer) uint64 { return uint64(C.rte_mem_virt2iova(addr)) }
