//go:build !amd64 && !arm64

package tsc

// Native reports whether Cycles reads the counter without C.
const Native = false

// Cycles returns 0: this package cannot read the counter of this processor.
func Cycles() uint64 { return 0 }
