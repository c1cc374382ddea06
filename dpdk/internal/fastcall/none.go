//go:build !(go1.26 && !go1.27 && (amd64 || arm64) && linux && !race && !msan && !asan && !godpdk_cgo && !purego)

package fastcall

import "unsafe"

// Enabled says that Call may be called.
const Enabled = false

// Call is not to be had in this build, and does nothing.
func Call(fn, arg unsafe.Pointer) int32 { return 0 }
