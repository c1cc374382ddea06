//go:build linux

// Package ethcount reads a port's counters in C, for tests that must not depend on the
// library.
package ethcount

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#include <rte_ethdev.h>
static uint64_t sent(uint16_t port)
{
	struct rte_eth_stats s;

	return rte_eth_stats_get(port, &s) == 0 ? s.opackets : UINT64_MAX;
}
*/
import "C"

// Sent returns the number of packets that the port has sent since it was attached.
func Sent(port int) int { return int(C.sent(C.uint16_t(port))) }
