//go:build race

package racesync

import (
	"runtime"
	"unsafe"
)

// points stand for addresses in shared memory, of which the detector knows nothing.
// Two that share one hide a race at worst.
var points [1 << 12]uint64

func point(p unsafe.Pointer) unsafe.Pointer {
	return unsafe.Pointer(&points[uintptr(p)>>3%uintptr(len(points))])
}

// Acquire says that what comes happens after each Release of p so far.
func Acquire(p unsafe.Pointer) { runtime.RaceAcquire(point(p)) }

// Release says that what was happens before what comes after an Acquire of p.
func Release(p unsafe.Pointer) { runtime.RaceReleaseMerge(point(p)) }
