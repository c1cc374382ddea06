//go:build race

package ringcore

import (
	"runtime"
	"unsafe"
)

// The race detector does not see assembly or memory outside Go's heap. These functions
// report to it the accesses to the caller's buffer, and that a dequeue happens after the
// enqueues on the same Ring.

func raceEnqueue(r *Ring, objs unsafe.Pointer, n int) {
	if n != 0 {
		runtime.RaceReadRange(objs, min(n, int(r.Capacity))*int(r.ElemSize))
	}
	// Before consumers can see the elements.
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

// copyElems copies n bytes, a multiple of 4, between a caller's buffer and slots. The tails
// order accesses to slots. Assembly or C may have moved the tails, which the race detector
// does not see, so it must not see these accesses.
//
//go:norace
func copyElems(dst, src unsafe.Pointer, n uintptr) {
	for i := uintptr(0); i < n; i += 4 {
		*(*uint32)(unsafe.Add(dst, i)) = *(*uint32)(unsafe.Add(src, i))
	}
}
