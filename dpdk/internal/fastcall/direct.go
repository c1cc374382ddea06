//go:build go1.26 && !go1.27 && (amd64 || arm64) && linux && !race && !msan && !asan && !godpdk_cgo && !purego

package fastcall

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
)

// Enabled says that Call may be called.
const Enabled = true

// through is the C function that calls another one.
//
//lint:ignore U1000 the assembly reads it
var through = cgo.FastCallAddress

// Go's own handlers are in place when packages are initialized.
func init() { cgo.FastWatch(aborts()) }

// Call runs the C function fn, an int32_t f(void *), with arg, which may point
// to the caller's stack, and returns its result. If it faults the process ends with a
// report of the fault and of all goroutines, and no recover can stop that.
//
//go:noescape
func Call(fn, arg unsafe.Pointer) int32

// aborts is the address of abort, where a fault goes on: it has no arguments and no result.
func aborts() uintptr
