//go:build (!amd64 && !arm64) || purego

package ringcore

import "unsafe"

func enqueue(r *Ring, objs unsafe.Pointer, n uint32, bulk, _ bool) Moved {
	return enqueueGo(r, objs, n, bulk)
}

func dequeue(r *Ring, objs unsafe.Pointer, n uint32, bulk, _ bool) Moved {
	return dequeueGo(r, objs, n, bulk)
}
