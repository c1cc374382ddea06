//go:build linux

package cgo

/*
#include "godpdk_ethdev_owner.h"
*/
import "C"

// EthOwnerNameSize is the room for an owner's name with its final NUL.
const EthOwnerNameSize = C.RTE_ETH_MAX_OWNER_NAME_LEN

// EthOwnerNew returns a new owner id.
//
// Implements: rte_eth_dev_owner_new
func EthOwnerNew() (uint64, int) {
	var id C.uint64_t
	errno := -C.rte_eth_dev_owner_new(&id)
	return uint64(id), int(errno)
}

// EthOwner returns the owner of a port. Id 0 means that the port has none.
//
// Implements: rte_eth_dev_owner_get
func EthOwner(port uint16) (id uint64, name string, errno int) {
	var o C.struct_rte_eth_dev_owner
	errno = int(-C.rte_eth_dev_owner_get(C.uint16_t(port), &o))
	return uint64(o.id), C.GoString(&o.name[0]), errno
}

// EthOwnerSet sets the owner of a port.
//
// Implements: rte_eth_dev_owner_set
func EthOwnerSet(port uint16, id uint64, name string) int {
	return int(withName(name, func(n *C.char) C.int { return C.godpdk_eth_owner_set(C.uint16_t(port), C.uint64_t(id), n) }))
}

// EthOwnerUnset removes the owner of a port.
//
// Implements: rte_eth_dev_owner_unset
func EthOwnerUnset(port uint16, id uint64) int {
	return int(-C.rte_eth_dev_owner_unset(C.uint16_t(port), C.uint64_t(id)))
}

// EthOwnerDelete removes an owner from all ports.
//
// Implements: rte_eth_dev_owner_delete
func EthOwnerDelete(id uint64) int { return int(-C.rte_eth_dev_owner_delete(C.uint64_t(id))) }
