//go:build linux

package cgo

/*
#include "godpdk_ethdev_mac.h"
*/
import "C"

import "unsafe"

// EthAddr is struct rte_ether_addr.
type EthAddr [C.RTE_ETHER_ADDR_LEN]byte

func (a *EthAddr) c() *C.struct_rte_ether_addr {
	return (*C.struct_rte_ether_addr)(unsafe.Pointer(a))
}

// It has the size of its C struct.
type _ [unsafe.Sizeof(EthAddr{}) - C.sizeof_struct_rte_ether_addr]struct{}

// EthMAC returns the default MAC address of a port.
//
// Implements: rte_eth_macaddr_get
func EthMAC(port uint16) (addr EthAddr, errno int) {
	errno = int(-C.rte_eth_macaddr_get(C.uint16_t(port), addr.c()))
	return addr, errno
}

// EthMACs returns the number of addresses that it stored in addrs, unused ones as zeros.
//
// Implements: rte_eth_macaddrs_get
func EthMACs(port uint16, addrs []EthAddr) (n, errno int) {
	if len(addrs) == 0 {
		return 0, 0
	}
	return valueOrErrno(C.godpdk_eth_macs(C.uint16_t(port), addrs[0].c(), C.uint32_t(len(addrs))))
}

// EthMACSet sets the default MAC address.
//
// Implements: rte_eth_dev_default_mac_addr_set
func EthMACSet(port uint16, addr EthAddr) int {
	return int(-C.rte_eth_dev_default_mac_addr_set(C.uint16_t(port), addr.c()))
}

// EthMACAdd adds a MAC address.
//
// Implements: rte_eth_dev_mac_addr_add
func EthMACAdd(port uint16, addr EthAddr, pool uint32) int {
	return int(-C.rte_eth_dev_mac_addr_add(C.uint16_t(port), addr.c(), C.uint32_t(pool)))
}

// EthMACRemove removes a MAC address.
//
// Implements: rte_eth_dev_mac_addr_remove
func EthMACRemove(port uint16, addr EthAddr) int {
	return int(-C.rte_eth_dev_mac_addr_remove(C.uint16_t(port), addr.c()))
}

// EthMulticastSet replaces the list of multicast addresses.
//
// Implements: rte_eth_dev_set_mc_addr_list
func EthMulticastSet(port uint16, addrs []EthAddr) int {
	var list *C.struct_rte_ether_addr
	if len(addrs) > 0 {
		list = addrs[0].c()
	}
	return int(-C.rte_eth_dev_set_mc_addr_list(C.uint16_t(port), list, C.uint32_t(len(addrs))))
}
