//go:build linux

package cgo

/*
#include "godpdk_ethdev_hold.h"
*/
import "C"

// EthHold keeps a port from being freed until EthRelease, or returns false if it is being
// freed. A caller that frees a port, or waits for that, must not hold it.
func EthHold(port uint16) bool { return C.godpdk_eth_hold(C.uint16_t(port)) != 0 }

// EthRelease ends EthHold.
func EthRelease(port uint16) { C.godpdk_eth_release(C.uint16_t(port)) }

// EthByName is rte_eth_dev_get_port_by_name, beside the end of any port.
func EthByName(name string) (port uint16, errno int) {
	ret := int(withName(name, func(s *C.char) C.int { return C.godpdk_eth_by_name(s) }))
	if ret < 0 {
		return 0, -ret
	}
	return uint16(ret), 0
}

// EthHoldWatch makes EthHold work: it watches all ports.
func EthHoldWatch() (errno int) { return int(C.godpdk_eth_hold_watch()) }

// EthHoldEnd ends EthHoldWatch.
func EthHoldEnd() { C.godpdk_eth_hold_end() }
