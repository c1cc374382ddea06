//go:build linux

package cgo

/*
#include "godpdk_ethdev.h"
*/
import "C"

// DevProbe is rte_dev_probe.
func DevProbe(devargs string) int {
	return int(withName(devargs, func(s *C.char) C.int { return C.godpdk_dev_probe(s) }))
}

// DevProbed says whether a driver has taken the device that devargs name, and is true if
// its bus cannot tell.
func DevProbed(devargs string) bool {
	return withName(devargs, func(s *C.char) C.int { return C.godpdk_dev_probed(s) }) != 0
}

// VdevDriver says whether there is a driver for the virtual device of that name.
func VdevDriver(name string) bool {
	return withName(name, func(s *C.char) C.int { return C.godpdk_vdev_driver(s) }) != 0
}

// EthDetach is rte_dev_remove of the device behind a port.
func EthDetach(port uint16) int { return int(C.godpdk_eth_detach(C.uint16_t(port))) }

// EthMatch is rte_eth_iterator_init and all that it leads to.
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
