//go:build race

package racesync

import (
	"runtime"
	"unsafe"
)

// points stand for addresses in shared memory, which the race detector does not know. Two addresses
// with the same point may hide a race.
var points [1 << 12]uint64

func point(p unsafe.Pointer) unsafe.Pointer {
	return unsafe.Pointer(&points[uintptr(p)>>3%uintptr(len(points))])
}

// Acquire orders the code after it after each earlier [Release] of p.
func Acquire(p unsafe.Pointer) { runtime.RaceAcquire(point(p)) }

// Release orders the code before it before the code after a later [Acquire] of p.
func Release(p unsafe.Pointer) { runtime.RaceReleaseMerge(point(p)) }
