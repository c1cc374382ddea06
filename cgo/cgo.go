//go:build linux

// Package cgo is the floor that touches C: one Go function per rte_ function,
// errors as plain errno values (0 is success), no policy and no state. It is
// not a stable API; import the packages below dpdk instead.
//
// Arguments are checked above: a name here has no NUL and fits, a pointer is
// what the function says it is.
package cgo

//go:generate go run ../test/stubs

// DPDK's compile and link flags come from pkg-config. The filter passes on
// only -I, -L and -l: since 24.11 DPDK's own flags hold -mrtm, which the go
// command refuses, and so no CGO_CFLAGS_ALLOW is needed. What the filter drops
// and the headers do need stands here. With the tag godpdk_static the flags are
// those of a profile that pkgconfig/static.sh has made.

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -I${SRCDIR}/../include -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo LDFLAGS: -Wl,--as-needed
#include "godpdk.h"
*/
import "C"

import (
	"unsafe"

	_ "github.com/godpdk/godpdk/include" // keeps the headers with the package
)

// Version is rte_version: the DPDK this process runs with.
func Version() string { return C.GoString(C.rte_version()) }

// RunVersion is Version as RTE_VERSION_NUM packs it: year, month, minor and
// release, a byte each.
func RunVersion() uint32 { return uint32(C.godpdk_run_version()) }

// BuildVersion is RTE_VERSION: the DPDK this program was compiled for. It is 0
// in a program without C, where no other function does anything either.
func BuildVersion() uint32 { return C.RTE_VERSION }

// withName calls f with name as a C string that lives as long as the call.
func withName[R any](name string, f func(*C.char) R) R {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return f(s)
}

// pointer takes a shim's result apart.
func pointer(r C.struct_godpdk_ptr) (unsafe.Pointer, int) { return r.ptr, int(r.err) }

// text takes a dump's result apart and frees it.
func text(t C.struct_godpdk_text) (string, int) {
	defer C.free(unsafe.Pointer(t.text))
	return C.GoStringN(t.text, C.int(t.len)), int(t.err)
}
