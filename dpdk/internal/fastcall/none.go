//go:build !(go1.26 && !go1.27 && (amd64 || arm64) && linux && !race && !msan && !asan && !godpdk_cgo && !purego)

package fastcall

import "unsafe"

// Enabled is false: this build does not support Call.
const Enabled = false

// Call does nothing in this build.
func Call(fn, arg unsafe.Pointer) int32 { return 0 }
