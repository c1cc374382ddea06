//go:build linux

package cgo

/*
#include "godpdk_ethdev_hold.h"
*/
import "C"

// EthHold keeps a port from being freed until [EthRelease]. It returns false if the port is
// being freed. A caller that frees a port, or waits for that, must not hold it.
func EthHold(port uint16) bool { return C.godpdk_eth_hold(C.uint16_t(port)) != 0 }

// EthRelease ends [EthHold].
func EthRelease(port uint16) { C.godpdk_eth_release(C.uint16_t(port)) }

// EthByName returns the port of that name. Unlike DPDK's function it is safe while other ports
// are being freed.
//
// Implements: rte_eth_dev_get_port_by_name
func EthByName(name string) (port uint16, errno int) {
	ret := int(withName(name, func(s *C.char) C.int { return C.godpdk_eth_by_name(s) }))
	if ret < 0 {
		return 0, -ret
	}
	return uint16(ret), 0
}

// EthProbing marks the begin of a call on this thread that makes ports, and done its end.
// [EthHold] of a new port waits for done on other threads. Only one such call may run at a time.
func EthProbing() (done func()) {
	C.godpdk_eth_probing(1)
	return func() { C.godpdk_eth_probing(0) }
}

// EthHoldWatch makes [EthHold] work: it watches all ports.
//
// Implements: rte_eth_dev_callback_register
func EthHoldWatch() (errno int) { return int(C.godpdk_eth_hold_watch()) }

// EthHoldEnd ends [EthHoldWatch].
//
// Implements: rte_eth_dev_callback_unregister
func EthHoldEnd() { C.godpdk_eth_hold_end() }
