//go:build linux

package cgo

/*
#include "godpdk_ethdev.h"
*/
import "C"

// VLAN offloads of rte_eth_dev_set_vlan_offload.
const (
	EthVLANStrip  = C.RTE_ETH_VLAN_STRIP_OFFLOAD
	EthVLANFilter = C.RTE_ETH_VLAN_FILTER_OFFLOAD
	EthVLANExtend = C.RTE_ETH_VLAN_EXTEND_OFFLOAD
	EthVLANQinQ   = C.RTE_ETH_QINQ_STRIP_OFFLOAD
	EthVLANMaxID  = C.RTE_ETH_VLAN_ID_MAX
)

// EthVLANFilterSet adds a VLAN to the filter or removes it.
//
// Implements: rte_eth_dev_vlan_filter
func EthVLANFilterSet(port, id uint16, on bool) int {
	return int(-C.rte_eth_dev_vlan_filter(C.uint16_t(port), C.uint16_t(id), cbool(on)))
}

// EthVLANOffload returns the VLAN offloads of a port.
//
// Implements: rte_eth_dev_get_vlan_offload
func EthVLANOffload(port uint16) (set, errno int) {
	return valueOrErrno(C.rte_eth_dev_get_vlan_offload(C.uint16_t(port)))
}

// EthVLANOffloadSet sets the VLAN offloads of a port.
//
// Implements: rte_eth_dev_set_vlan_offload
func EthVLANOffloadSet(port uint16, set int) int {
	return int(-C.rte_eth_dev_set_vlan_offload(C.uint16_t(port), C.int(set)))
}

// EthVLANStripSet switches VLAN stripping on a queue.
//
// Implements: rte_eth_dev_set_vlan_strip_on_queue
func EthVLANStripSet(port, queue uint16, on bool) int {
	return int(-C.rte_eth_dev_set_vlan_strip_on_queue(C.uint16_t(port), C.uint16_t(queue), cbool(on)))
}

// EthVLANPVIDSet sets the port VLAN ID.
//
// Implements: rte_eth_dev_set_vlan_pvid
func EthVLANPVIDSet(port, id uint16, on bool) int {
	return int(-C.rte_eth_dev_set_vlan_pvid(C.uint16_t(port), C.uint16_t(id), cbool(on)))
}
