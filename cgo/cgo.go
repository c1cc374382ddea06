//go:build linux

// Package cgo calls C: one Go function per rte_ function, errors as plain errno values (0 is
// success), no policy and no state. It is not a stable API; import the packages below dpdk
// instead.
//
// The callers check arguments: a name has no NUL and is not too long, and a pointer has the
// documented type.
package cgo

//go:generate go run ../test/stubs

// DPDK's compile and link flags come from pkg-config. The filter keeps only -I, -L and -l:
// since 24.11 DPDK's own flags have -mrtm, which the go command refuses without
// CGO_CFLAGS_ALLOW. This file adds the flags that the headers need and the filter drops. With
// the tag godpdk_static the flags come from a profile of pkgconfig/static.sh.

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

// Version returns the version of the running DPDK.
//
// Implements: rte_version
func Version() string { return C.GoString(C.rte_version()) }

// RunVersion returns the version of the running DPDK as RTE_VERSION_NUM packs it: year, month,
// minor and release, one byte each.
//
// Implements: rte_version_year, rte_version_month, rte_version_minor, rte_version_release
func RunVersion() uint32 { return uint32(C.godpdk_run_version()) }

// BuildVersion returns RTE_VERSION, the DPDK that this program was compiled for. It returns 0
// in a program without C, where no other function does anything either.
func BuildVersion() uint32 { return C.RTE_VERSION }

// withName calls f with name as a C string that is valid until f returns.
func withName[R any](name string, f func(*C.char) R) R {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return f(s)
}

// pointer splits the result of a shim.
func pointer(r C.struct_godpdk_ptr) (unsafe.Pointer, int) { return r.ptr, int(r.err) }

// text splits the result of a dump and frees it.
func text(t C.struct_godpdk_text) (string, int) {
	defer C.free(unsafe.Pointer(t.text))
	return C.GoStringN(t.text, C.int(t.len)), int(t.err)
}
