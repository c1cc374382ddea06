//go:build go1.26 && !go1.27 && (amd64 || arm64) && linux && !race && !msan && !asan && !godpdk_cgo && !purego

package fastcall

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
)

// Enabled is true if this build supports Call.
const Enabled = true

// through is the C function that calls fn.
//
//lint:ignore U1000 the assembly reads it
var through = cgo.FastCallAddress

// Go's own handlers are in place when packages are initialized.
func init() { cgo.FastWatch(aborts()) }

// Call runs the C function fn, an int32_t f(void *), with arg, which may point
// to the caller's stack, and returns its result. If fn faults, the process ends
// with a report of the fault and of all goroutines. recover cannot stop that.
//
//go:noescape
func Call(fn, arg unsafe.Pointer) int32

// Burst runs fn, which is cgo.EthRxAddress or cgo.EthTxAddress, with these parameters, and returns its
// result. Otherwise it is like Call.
//
//go:noescape
func Burst(fn unsafe.Pointer, queue *cgo.EthQueue, pkts unsafe.Pointer, n int) int

// Exchange runs fn, which is cgo.EthExchangeAddress: see Burst.
//
//go:noescape
func Exchange(fn unsafe.Pointer, tx *cgo.EthQueue, out unsafe.Pointer, nOut int, rx *cgo.EthQueue, in unsafe.Pointer, nIn, drop int) int

// aborts returns the address of abort, which has no arguments and no result. A fault
// continues there.
func aborts() uintptr
