package ring

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// These calls do the same as those of ringcore. In builds with the tag godpdk_debug they find two goroutines on a Single side.

const producer, consumer = "producer", "consumer"

func (r *Ring[T]) enqueue(objs unsafe.Pointer, n int, bulk bool) ringcore.Moved {
	s := r.guard.producer(&r.core)
	s.enter(r.name, producer)
	m := r.core.Enqueue(objs, n, bulk)
	s.leave()
	return m
}

func (r *Ring[T]) dequeue(objs unsafe.Pointer, n int, bulk bool) ringcore.Moved {
	s := r.guard.consumer(&r.core)
	s.enter(r.name, consumer)
	m := r.core.Dequeue(objs, n, bulk)
	s.leave()
	return m
}

func (r *Ring[T]) enqueueBatch(rec *ringcore.Record) int {
	s := r.guard.producer(&r.core)
	s.enter(r.name, producer)
	n := r.core.EnqueueBatch(rec)
	s.leave()
	return n
}

func (r *Ring[T]) dequeueBatch(rec *ringcore.Record, n int) int {
	s := r.guard.consumer(&r.core)
	s.enter(r.name, consumer)
	n = r.core.DequeueBatch(rec, n)
	s.leave()
	return n
}
