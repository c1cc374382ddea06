//go:build linux

package cgo

/*
#include "godpdk_xdp.h"
*/
import "C"

// XDPLog has libbpf and libxdp, as far as they are loaded, print to DPDK's log at debug
// level.
func XDPLog() { C.godpdk_xdp_log() }
