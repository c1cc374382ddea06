//go:build linux

// Package bond calls the bonding driver, librte_net_bond. It is not part of package cgo
// because a DPDK may lack this library. Its C functions return -1 for every error.
package bond

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -I${SRCDIR}/../../include -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo !godpdk_static LDFLAGS: -Wl,--as-needed -lrte_net_bond
#include "godpdk_bond.h"
*/
import "C"

import (
	_ "github.com/godpdk/godpdk/include" // keeps the headers with the package
)

// Add adds a member to a bonding port.
//
// Implements: rte_eth_bond_member_add
func Add(port, member uint16) int {
	return int(C.rte_eth_bond_member_add(C.uint16_t(port), C.uint16_t(member)))
}

// Remove removes a member from a bonding port.
//
// Implements: rte_eth_bond_member_remove
func Remove(port, member uint16) int {
	return int(C.rte_eth_bond_member_remove(C.uint16_t(port), C.uint16_t(member)))
}

// Members returns the members, or the active ones. ok is false if port is not a bonding port.
//
// Implements: rte_eth_bond_members_get, rte_eth_bond_active_members_get
func Members(port uint16, active bool) (ids []uint16, ok bool) {
	var all [C.RTE_MAX_ETHPORTS]C.uint16_t
	var which C.int
	if active {
		which = 1
	}
	n := int(C.godpdk_bond_members(C.uint16_t(port), &all[0], which))
	for i := range max(n, 0) {
		ids = append(ids, uint16(all[i]))
	}
	return ids, n >= 0
}

// Primary returns the primary member, or -1.
//
// Implements: rte_eth_bond_primary_get
func Primary(port uint16) int { return int(C.rte_eth_bond_primary_get(C.uint16_t(port))) }

// SetPrimary sets the primary member.
//
// Implements: rte_eth_bond_primary_set
func SetPrimary(port, member uint16) int {
	return int(C.rte_eth_bond_primary_set(C.uint16_t(port), C.uint16_t(member)))
}

// SetMonitoring sets the interval of link checks in milliseconds.
//
// Implements: rte_eth_bond_link_monitoring_set
func SetMonitoring(port uint16, ms uint32) int {
	return int(C.rte_eth_bond_link_monitoring_set(C.uint16_t(port), C.uint32_t(ms)))
}
