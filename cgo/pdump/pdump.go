//go:build linux

// Package pdump calls librte_pdump, and librte_bpf for its filters. It is not part of package cgo because a DPDK may
// lack these libraries.
package pdump

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -I${SRCDIR}/../../include -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo !godpdk_static LDFLAGS: -Wl,--as-needed -lrte_pdump -lrte_bpf
#include <stdlib.h>
#include "godpdk_pdump.h"

#cgo noescape godpdk_pdump_free
#cgo nocallback godpdk_pdump_free
*/
import "C"

import (
	"syscall"
	"unsafe"

	_ "github.com/godpdk/godpdk/include" // keeps the headers with the package
)

// Flags of rte_pdump.h.
const (
	Rx = C.GODPDK_PDUMP_RX
	Tx = C.GODPDK_PDUMP_TX
)

// Properties of this DPDK. Secondaries is 1 if each secondary must call Init, and Disable waits for callbacks that run.
// Cycles is 1 if the time in a copy is in cycles, not in nanoseconds
// since 1970.
const (
	Secondaries = C.GODPDK_PDUMP_SECONDARIES
	Cycles      = C.GODPDK_PDUMP_CYCLES
)

// Instruction is an instruction of classic BPF, struct bpf_insn.
type Instruction struct {
	Op     uint16
	Jt, Jf uint8
	K      uint32
}

// It has the layout of the C struct.
type (
	_ [unsafe.Sizeof(Instruction{}) - C.sizeof_struct_godpdk_bpf_insn]struct{}
	_ [C.sizeof_struct_godpdk_bpf_insn - unsafe.Sizeof(Instruction{})]struct{}
)

// Stats is struct rte_pdump_stats.
type Stats struct{ Accepted, Filtered, NoMbuf, RingFull uint64 }

// Init lets other processes capture.
//
// Implements: rte_pdump_init
func Init() int { return int(C.godpdk_pdump_init()) }

// Uninit undoes Init. No queue may have a callback of pdump.
//
// Implements: rte_pdump_uninit
func Uninit() { C.rte_pdump_uninit() }

// Enable asks the primary to capture one queue, or all with RTE_PDUMP_ALL_QUEUES. The copies have the form of pcapng.
//
// Implements: rte_pdump_enable_bpf
func Enable(port, queue uint16, flags, snapLen uint32, ring, pool, filter unsafe.Pointer) int {
	return int(C.godpdk_pdump_enable(C.uint16_t(port), C.uint16_t(queue), C.uint32_t(flags), C.uint32_t(snapLen), ring, pool, filter))
}

// Disable undoes Enable.
//
// Implements: rte_pdump_disable
func Disable(port, queue uint16, flags uint32) int {
	return int(C.godpdk_pdump_disable(C.uint16_t(port), C.uint16_t(queue), C.uint32_t(flags)))
}

// Action is the name of the messages of librte_pdump.
const Action = C.GODPDK_PDUMP_ACTION

// DisableRequest returns the parameter of the message that [Disable] sends.
func DisableRequest(port string, queue uint16, flags uint32) []byte {
	var r C.struct_godpdk_pdump_request
	name := C.CString(port)
	defer C.free(unsafe.Pointer(name))
	C.godpdk_pdump_disable_request(&r, name, C.uint16_t(queue), C.uint32_t(flags))
	return C.GoBytes(unsafe.Pointer(&r), C.int(unsafe.Sizeof(r)))
}

// Answer returns the error number in the reply to such a message.
func Answer(param []byte) (errno int) {
	if len(param) != C.sizeof_struct_godpdk_pdump_answer {
		return int(syscall.EBADMSG)
	}
	return int(-(*C.struct_godpdk_pdump_answer)(unsafe.Pointer(unsafe.SliceData(param))).err)
}

// Filter converts a program of classic BPF into one in shared memory for [Enable].
//
// Implements: rte_bpf_convert
func Filter(ins []Instruction) (filter unsafe.Pointer, errno int) {
	r := C.godpdk_pdump_filter((*C.struct_godpdk_bpf_insn)(unsafe.Pointer(unsafe.SliceData(ins))), C.uint(len(ins)))
	return r.ptr, int(r.err)
}

// FreeFilter frees the result of [Filter].
//
// Implements: rte_free
func FreeFilter(filter unsafe.Pointer) { C.rte_free(filter) }

// ReadStats reads the counters of a port.
//
// Implements: rte_pdump_stats
func ReadStats(port uint16) (Stats, int) {
	var s C.struct_rte_pdump_stats
	errno := int(C.godpdk_pdump_stats(C.uint16_t(port), &s))
	return Stats{uint64(s.accepted), uint64(s.filtered), uint64(s.nombuf), uint64(s.ringfull)}, errno
}

// Active reports whether a queue of the port has a callback in this process.
func Active(port uint16) bool { return C.godpdk_pdump_active(C.uint16_t(port)) != 0 }

// Ops returns the number of a pool's ops.
func Ops(pool unsafe.Pointer) int { return int(C.godpdk_pdump_ops(pool)) }

// SetOps sets it.
func SetOps(pool unsafe.Pointer, index int) { C.godpdk_pdump_set_ops(pool, C.int(index)) }

// Free frees n mbufs of a pool that stores its objects in a ring for any number of threads, without the pool's ops.
func Free(pkts unsafe.Pointer, n int) { C.godpdk_pdump_free((*C.uintptr_t)(pkts), C.uint(n)) }
