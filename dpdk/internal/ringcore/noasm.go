//go:build (!amd64 && !arm64) || purego

package ringcore

import "unsafe"

// Enqueue is the method of Ring without what -race needs.
func Enqueue(r *Ring, objs unsafe.Pointer, n int, bulk, _ bool) Moved {
	return enqueueGo(r, objs, n, bulk)
}

// Dequeue is the method of Ring without what -race needs.
func Dequeue(r *Ring, objs unsafe.Pointer, n int, bulk, _ bool) Moved {
	return dequeueGo(r, objs, n, bulk)
}
