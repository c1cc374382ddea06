//go:build linux

package cgo

/*
#include "godpdk_ethdev_link.h"
*/
import "C"

// EthSpeedUnknown is the speed of a link of unknown speed.
const EthSpeedUnknown = C.RTE_ETH_SPEED_NUM_UNKNOWN

// EthLink is struct rte_eth_link. Speed is in Mb/s.
type EthLink struct {
	Speed             uint32
	Up, Full, Autoneg bool
}

// EthLinkGet returns the state of the link.
//
// Implements: rte_eth_link_get_nowait
func EthLinkGet(port uint16) (EthLink, int) {
	var l C.struct_godpdk_eth_link
	errno := C.godpdk_eth_link(C.uint16_t(port), &l)
	return EthLink{uint32(l.speed), l.up != 0, l.full != 0, l.autoneg != 0}, int(errno)
}

// EthLinkSet sets the link up or down.
//
// Implements: rte_eth_dev_set_link_up, rte_eth_dev_set_link_down
func EthLinkSet(port uint16, up bool) int {
	if up {
		return int(-C.rte_eth_dev_set_link_up(C.uint16_t(port)))
	}
	return int(-C.rte_eth_dev_set_link_down(C.uint16_t(port)))
}

// EthPromiscuous returns 1, 0 or a negative number.
//
// Implements: rte_eth_promiscuous_get
func EthPromiscuous(port uint16) int { return int(C.rte_eth_promiscuous_get(C.uint16_t(port))) }

// EthPromiscuousSet switches promiscuous mode.
//
// Implements: rte_eth_promiscuous_enable, rte_eth_promiscuous_disable
func EthPromiscuousSet(port uint16, on bool) int {
	if on {
		return int(-C.rte_eth_promiscuous_enable(C.uint16_t(port)))
	}
	return int(-C.rte_eth_promiscuous_disable(C.uint16_t(port)))
}

// EthAllMulticast returns 1, 0 or a negative number.
//
// Implements: rte_eth_allmulticast_get
func EthAllMulticast(port uint16) int { return int(C.rte_eth_allmulticast_get(C.uint16_t(port))) }

// EthAllMulticastSet switches the reception of all multicast packets.
//
// Implements: rte_eth_allmulticast_enable, rte_eth_allmulticast_disable
func EthAllMulticastSet(port uint16, on bool) int {
	if on {
		return int(-C.rte_eth_allmulticast_enable(C.uint16_t(port)))
	}
	return int(-C.rte_eth_allmulticast_disable(C.uint16_t(port)))
}

// EthMTU returns the MTU of a port.
//
// Implements: rte_eth_dev_get_mtu
func EthMTU(port uint16) (uint16, int) {
	var mtu C.uint16_t
	errno := -C.rte_eth_dev_get_mtu(C.uint16_t(port), &mtu)
	return uint16(mtu), int(errno)
}

// EthMTUSet sets the MTU of a port.
//
// Implements: rte_eth_dev_set_mtu
func EthMTUSet(port, mtu uint16) int {
	return int(-C.rte_eth_dev_set_mtu(C.uint16_t(port), C.uint16_t(mtu)))
}
