//go:build linux

package cgo

/*
#include "godpdk_ethdev.h"
*/
import "C"

// DevProbe attaches a device.
//
// Implements: rte_dev_probe
func DevProbe(devargs string) int {
	return int(withName(devargs, func(s *C.char) C.int { return C.godpdk_dev_probe(s) }))
}

// DevProbed reports whether a driver has probed the device that devargs name. It returns true
// if the bus does not support the query.
//
// Implements: rte_dev_is_probed
func DevProbed(devargs string) bool {
	return withName(devargs, func(s *C.char) C.int { return C.godpdk_dev_probed(s) }) != 0
}

// VdevDriver reports whether a driver exists for the virtual device of that name.
//
// Implements: rte_devargs_parse
func VdevDriver(name string) bool {
	return withName(name, func(s *C.char) C.int { return C.godpdk_vdev_driver(s) }) != 0
}

// EthDetach removes the device of a port.
//
// Implements: rte_dev_remove
func EthDetach(port uint16) int { return int(C.godpdk_eth_detach(C.uint16_t(port))) }

// EthMatch returns all ports that devargs match.
//
// Implements: rte_eth_iterator_init, rte_eth_iterator_next
func EthMatch(devargs string) ([]uint16, int) {
	var ids [EthMaxPorts]C.uint16_t
	n := int(withName(devargs, func(s *C.char) C.int { return C.godpdk_eth_match(s, &ids[0]) }))
	if n < 0 {
		return nil, -n
	}
	found := make([]uint16, n)
	for i := range found {
		found[i] = uint16(ids[i])
	}
	return found, 0
}
