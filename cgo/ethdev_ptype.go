//go:build linux

package cgo

/*
#include "godpdk_ethdev.h"
*/
import "C"

import "unsafe"

// maxPtypes is more than the packet types of any driver.
const maxPtypes = 1024

// EthPtypes returns the packet types under mask that a port recognizes.
//
// Implements: rte_eth_dev_get_supported_ptypes
func EthPtypes(port uint16, mask uint32) (types []uint32, errno int) {
	types = make([]uint32, maxPtypes)
	n, errno := valueOrErrno(C.rte_eth_dev_get_supported_ptypes(C.uint16_t(port), C.uint32_t(mask), (*C.uint32_t)(unsafe.Pointer(&types[0])), C.int(len(types))))
	return types[:min(n, len(types))], errno
}

// EthPtypesSet restricts the packet types that a port recognizes to those under mask, and returns
// the ones that remain.
//
// Implements: rte_eth_dev_set_ptypes
func EthPtypesSet(port uint16, mask uint32) (types []uint32, errno int) {
	types = make([]uint32, maxPtypes)
	errno = int(-C.rte_eth_dev_set_ptypes(C.uint16_t(port), C.uint32_t(mask), (*C.uint32_t)(unsafe.Pointer(&types[0])), C.uint(len(types))))
	for i, t := range types {
		if t == 0 {
			return types[:i], errno
		}
	}
	return types, errno
}
