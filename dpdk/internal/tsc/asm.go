//go:build amd64 || arm64

package tsc

// Native reports whether Cycles reads the counter without C.
const Native = true

// Cycles returns the counter: TSC on amd64, CNTVCT_EL0 on arm64.
func Cycles() uint64
