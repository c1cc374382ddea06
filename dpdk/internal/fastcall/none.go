//go:build !(go1.26 && !go1.27 && (amd64 || arm64) && linux && !race && !msan && !asan && !godpdk_cgo && !purego)

package fastcall

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
)

// Enabled is false: this build does not support Call.
const Enabled = false

// Call does nothing in this build.
func Call(fn, arg unsafe.Pointer) int32 { return 0 }

// Burst does nothing in this build.
func Burst(fn unsafe.Pointer, queue *cgo.EthQueue, pkts unsafe.Pointer, n int) int {
	return cgo.EthByCgo
}

// Exchange does nothing in this build.
func Exchange(fn unsafe.Pointer, tx *cgo.EthQueue, out unsafe.Pointer, nOut int, rx *cgo.EthQueue, in unsafe.Pointer, nIn, drop int) int {
	return cgo.EthByCgo
}
