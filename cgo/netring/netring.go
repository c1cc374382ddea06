//go:build linux

// Package netring calls the driver of ports over rings, librte_net_ring. It is not part of
// package cgo because a DPDK may lack this library.
package netring

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -I${SRCDIR}/../../include -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo !godpdk_static LDFLAGS: -Wl,--as-needed -lrte_net_ring
#include "godpdk_netring.h"
*/
import "C"

import (
	"unsafe"

	_ "github.com/godpdk/godpdk/include" // keeps the headers with the package
)

// Limits of the driver.
const (
	MaxRx    = C.GODPDK_NETRING_MAX_RX
	MaxTx    = C.GODPDK_NETRING_MAX_TX
	NameSize = C.GODPDK_NETRING_NAMESIZE // of "net_ring_" and the name together
)

// Create creates the device "net_ring_" + name.
//
// Implements: rte_eth_from_rings
func Create(name string, rx, tx []unsafe.Pointer, socket int) int {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return int(C.godpdk_netring_create(s, (*C.uintptr_t)(unsafe.Pointer(unsafe.SliceData(rx))), C.uint(len(rx)),
		(*C.uintptr_t)(unsafe.Pointer(unsafe.SliceData(tx))), C.uint(len(tx)), C.int(socket)))
}
