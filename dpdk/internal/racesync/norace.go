//go:build !race

package racesync

import "unsafe"

// Acquire orders the code after it after each earlier [Release] of p.
func Acquire(unsafe.Pointer) {}

// Release orders the code before it before the code after a later [Acquire] of p.
func Release(unsafe.Pointer) {}
