//go:build race

package ringcore

import (
	"runtime"
	"unsafe"
)

// The race detector sees neither assembly nor memory outside Go's heap. These
// functions tell it what an operation does to the caller's buffer, and that what came
// out of a Ring happened after what went into that same Ring.

func raceEnqueue(r *Ring, objs unsafe.Pointer, n int) {
	if n != 0 {
		runtime.RaceReadRange(objs, min(n, int(r.Capacity))*int(r.ElemSize))
	}
	// Before the elements can be seen, so that no consumer is early.
	runtime.RaceReleaseMerge(unsafe.Pointer(r))
}

func raceDequeue(r *Ring, objs unsafe.Pointer, m Moved) Moved {
	if done := m.Done(); done != 0 {
		raceAcquire(r)
		runtime.RaceWriteRange(objs, int(done)*int(r.ElemSize))
	}
	return m
}

func raceAcquire(r *Ring) {
	runtime.RaceAcquire(unsafe.Pointer(r))
}

// copyElems copies n bytes, a multiple of 4, between a caller's buffer and
// slots. Tails order the accesses to slots; where assembly or C moved them the
// race detector cannot know, so it is not shown the accesses.
//
//go:norace
func copyElems(dst, src unsafe.Pointer, n uintptr) {
	for i := uintptr(0); i < n; i += 4 {
		*(*uint32)(unsafe.Add(dst, i)) = *(*uint32)(unsafe.Add(src, i))
	}
}
