//go:build (!amd64 && !arm64) || purego

package ringcore

import "unsafe"

// Enqueue does what [Ring.Enqueue] does, without the parts for -race.
func Enqueue(r *Ring, objs unsafe.Pointer, n int, way Way) Moved {
	return enqueueGo(r, nil, objs, n, way == Bulk)
}

// Dequeue does what [Ring.Dequeue] does, without the parts for -race.
func Dequeue(r *Ring, objs unsafe.Pointer, n int, way Way) Moved {
	return dequeueGo(r, nil, objs, n, way == Bulk)
}

// EnqueueBatch does what [Ring.EnqueueBatch] does, without the parts for -race.
func EnqueueBatch(r *Ring, rec *Record, _ int, _ Way) Moved {
	return r.EnqueueBatchGo(rec)
}

// DequeueBatch does what [Ring.DequeueBatch] does, without the parts for -race.
func DequeueBatch(r *Ring, rec *Record, n int, _ Way) Moved {
	return r.DequeueBatchGo(rec, n)
}
