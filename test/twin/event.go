//go:build linux

package twin

/*
#include <rte_ethdev.h>

// The function is in package cgo. It is weak because cgo links each package once without the others.
extern int godpdk_eth_event_callback(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret)
	__attribute__((weak));
*/
import "C"

// EthEventFire calls the event callback of package cgo as DPDK does.
func EthEventFire(port uint16, eventType uint32) {
	C.godpdk_eth_event_callback(C.uint16_t(port), eventType, nil, nil)
}
