//go:build linux

package cgo

/*
#include "godpdk_ethdev_link.h"
*/
import "C"

// EthSpeedUnknown is the speed of a link that has one which is not known.
const EthSpeedUnknown = C.RTE_ETH_SPEED_NUM_UNKNOWN

// EthLink is struct rte_eth_link; the speed is in Mb/s.
type EthLink struct {
	Speed             uint32
	Up, Full, Autoneg bool
}

// EthLinkGet is rte_eth_link_get_nowait.
func EthLinkGet(port uint16) (EthLink, int) {
	var l C.struct_godpdk_eth_link
	errno := C.godpdk_eth_link(C.uint16_t(port), &l)
	return EthLink{uint32(l.speed), l.up != 0, l.full != 0, l.autoneg != 0}, int(errno)
}

// EthLinkSet is rte_eth_dev_set_link_up or …_down.
func EthLinkSet(port uint16, up bool) int {
	if up {
		return int(-C.rte_eth_dev_set_link_up(C.uint16_t(port)))
	}
	return int(-C.rte_eth_dev_set_link_down(C.uint16_t(port)))
}

// EthPromiscuous is rte_eth_promiscuous_get: 1 or 0, or a negative number.
func EthPromiscuous(port uint16) int { return int(C.rte_eth_promiscuous_get(C.uint16_t(port))) }

// EthPromiscuousSet is rte_eth_promiscuous_enable or …_disable.
func EthPromiscuousSet(port uint16, on bool) int {
	if on {
		return int(-C.rte_eth_promiscuous_enable(C.uint16_t(port)))
	}
	return int(-C.rte_eth_promiscuous_disable(C.uint16_t(port)))
}

// EthAllMulticast is rte_eth_allmulticast_get: 1 or 0, or a negative number.
func EthAllMulticast(port uint16) int { return int(C.rte_eth_allmulticast_get(C.uint16_t(port))) }

// EthAllMulticastSet is rte_eth_allmulticast_enable or …_disable.
func EthAllMulticastSet(port uint16, on bool) int {
	if on {
		return int(-C.rte_eth_allmulticast_enable(C.uint16_t(port)))
	}
	return int(-C.rte_eth_allmulticast_disable(C.uint16_t(port)))
}

// EthMTU is rte_eth_dev_get_mtu.
func EthMTU(port uint16) (uint16, int) {
	var mtu C.uint16_t
	errno := -C.rte_eth_dev_get_mtu(C.uint16_t(port), &mtu)
	return uint16(mtu), int(errno)
}

// EthMTUSet is rte_eth_dev_set_mtu.
func EthMTUSet(port, mtu uint16) int {
	return int(-C.rte_eth_dev_set_mtu(C.uint16_t(port), C.uint16_t(mtu)))
}
