//go:build go1.26 && !go1.27 && (amd64 || arm64) && linux && !race && !msan && !asan && !godpdk_cgo && !purego

package fastcall

import "unsafe"

// Enabled says that Call may be called.
const Enabled = true

// Call runs the C function fn, an int32_t f(void *), with arg, which may point
// to the caller's stack, and returns its result.
//
//go:noescape
func Call(fn, arg unsafe.Pointer) int32
