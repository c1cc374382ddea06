//go:build linux

// Package flowfake is a driver of flow rules for tests: no driver without hardware has all of them.
// The linker makes the calls of rte_flow_… in a test's program end here. Calls for other ports than
// that of [Serve] go on to DPDK.
package flowfake

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo LDFLAGS: -Wl,--wrap=rte_flow_validate -Wl,--wrap=rte_flow_create -Wl,--wrap=rte_flow_destroy -Wl,--wrap=rte_flow_flush
#cgo LDFLAGS: -Wl,--wrap=rte_flow_isolate -Wl,--wrap=rte_flow_query -Wl,--wrap=rte_flow_get_aged_flows -Wl,--wrap=rte_flow_dev_dump
#cgo LDFLAGS: -Wl,--wrap=rte_flow_action_handle_create -Wl,--wrap=rte_flow_action_handle_update
#cgo LDFLAGS: -Wl,--wrap=rte_flow_action_handle_query -Wl,--wrap=rte_flow_action_handle_destroy
#include "fake.h"
*/
import "C"

import "unsafe"

// Cause is what the cause of an error points to.
type Cause int

// Causes of errors.
const (
	None   Cause = C.FAKE_NONE
	Attr   Cause = C.FAKE_ATTR
	Item   Cause = C.FAKE_ITEM
	Spec   Cause = C.FAKE_SPEC // behind its first byte
	Mask   Cause = C.FAKE_MASK
	Action Cause = C.FAKE_ACTION
	Conf   Cause = C.FAKE_CONF
	Other  Cause = C.FAKE_OTHER
)

// Failure is the error of a call.
type Failure struct {
	Errno, Type int
	Cause       Cause
	Index       int // of the item or action
	Message     string
	Silent      bool // the driver does not fill struct rte_flow_error in
}

// State is what the driver has seen.
type State struct {
	Text       string // of the last rule or indirect action
	Rules      int    // that exist
	Indirect   int    // actions that exist
	Directions int    // of the last one: 1 ingress, 2 egress, 4 transfer
	Destroyed  int    // by rte_flow_destroy
	Flushed    int
	Isolated   bool
	Wrong      int // calls with wrong arguments, such as a rule that does not exist
	Identifier int // of the last count
}

// Serve makes the driver serve a port, until it returns.
func Serve(port int) (stop func()) {
	C.fake = C.struct_fake{port: C.int(port)}
	return func() { C.fake.port = -1 }
}

// Fail makes the next call fail.
func Fail(f Failure) {
	C.fake.err, C.fake._type, C.fake.cause, C.fake.index = C.int(f.Errno), C.int(f.Type), C.int(f.Cause), C.int(f.Index)
	C.fake.silent = 0
	if f.Silent {
		C.fake.silent = 1
	}
	clear(C.fake.message[:])
	for i, b := range []byte(f.Message) {
		C.fake.message[i] = C.char(b)
	}
}

// Count sets the number of packets that the rules count, and the seconds since a packet has matched.
func Count(hits, idle int) { C.fake.hits, C.fake.idle = C.uint64_t(hits), C.uint32_t(idle) }

// Now returns the state.
func Now() State {
	f := &C.fake
	return State{C.GoString(&f.text[0]), int(f.live), int(f.indirect), int(f.directions), int(f.destroyed), int(f.flushed), f.isolated != 0, int(f.wrong), int(f.identifier)}
}

// SetMetadata sets the metadata of a struct rte_mbuf, as a driver does for a received packet.
func SetMetadata(mbuf unsafe.Pointer, value uint32) { C.fake_set_metadata(mbuf, C.uint32_t(value)) }

// Metadata returns the metadata of a struct rte_mbuf, as a driver does for a packet to be sent.
func Metadata(mbuf unsafe.Pointer) uint32 { return uint32(C.fake_metadata(mbuf)) }
