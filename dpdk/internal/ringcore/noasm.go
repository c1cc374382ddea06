//go:build (!amd64 && !arm64) || purego

package ringcore

import "unsafe"

// Enqueue does what [Ring.Enqueue] does, without the parts for -race.
func Enqueue(r *Ring, objs unsafe.Pointer, n int, bulk, _ bool) Moved {
	return enqueueGo(r, objs, n, bulk)
}

// Dequeue does what [Ring.Dequeue] does, without the parts for -race.
func Dequeue(r *Ring, objs unsafe.Pointer, n int, bulk, _ bool) Moved {
	return dequeueGo(r, objs, n, bulk)
}
