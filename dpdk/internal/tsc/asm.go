//go:build amd64 || arm64

package tsc

// Native says whether Cycles reads the counter without C.
const Native = true

// Cycles is the counter: TSC on amd64, CNTVCT_EL0 on arm64.
func Cycles() uint64
