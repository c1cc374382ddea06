//go:build (amd64 || arm64) && !purego

package ringcore

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

//lint:file-ignore U1000 Only the assembly uses some of these functions.

// Enqueue and Dequeue are the methods of Ring without the parts for -race. Wrappers call
// them directly, because the compiler inlines a wrapper only with one call less.
//
// They read the ring's mode and jump to one of the functions below. A wait that does not
// end soon continues in Go, in the functions at the end of this file. With once they return the
// value again instead of waiting.

//go:noescape
func Enqueue(r *Ring, objs unsafe.Pointer, n int, way Way) Moved

//go:noescape
func Dequeue(r *Ring, objs unsafe.Pointer, n int, way Way) Moved

// EnqueueBatch and DequeueBatch do the same for the batch of a record: see [Ring.EnqueueBatch]. For an
// enqueue n is ignored.

//go:noescape
func EnqueueBatch(r *Ring, rec *Record, n int, way Way) Moved

//go:noescape
func DequeueBatch(r *Ring, rec *Record, n int, way Way) Moved

//go:noescape
func enqueueMulti(r *Ring, objs unsafe.Pointer, n int, way Way) Moved

//go:noescape
func dequeueMulti(r *Ring, objs unsafe.Pointer, n int, way Way) Moved

//go:noescape
func enqueueRTS(r *Ring, objs unsafe.Pointer, n int, way Way) Moved

//go:noescape
func dequeueRTS(r *Ring, objs unsafe.Pointer, n int, way Way) Moved

//go:noescape
func enqueueHTS(r *Ring, objs unsafe.Pointer, n int, way Way) Moved

//go:noescape
func dequeueHTS(r *Ring, objs unsafe.Pointer, n int, way Way) Moved

//go:noescape
func enqueueMultiBatch(r *Ring, rec *Record, n int, way Way) Moved

//go:noescape
func dequeueMultiBatch(r *Ring, rec *Record, n int, way Way) Moved

//go:noescape
func enqueueRTSBatch(r *Ring, rec *Record, n int, way Way) Moved

//go:noescape
func dequeueRTSBatch(r *Ring, rec *Record, n int, way Way) Moved

//go:noescape
func enqueueHTSBatch(r *Ring, rec *Record, n int, way Way) Moved

//go:noescape
func dequeueHTSBatch(r *Ring, rec *Record, n int, way Way) Moved

const (
	again = 1<<64 - 1 // a Moved that means: nothing was moved, another thread is inside
	spins = 64        // number of checks in assembly before the wait continues in Go
)

// The assembly jumps to the following functions with its own arguments and result slots, as
// if its caller had called them. So their frames must have the same layout as its own. It
// jumps before it has reserved anything: no Go code runs between the move of a head and the
// move of its tail.

// enqueueWait continues an enqueue that found another thread inside.
func enqueueWait(r *Ring, objs unsafe.Pointer, n int, way Way) Moved {
	w := wait.AfterSpinning()
	for {
		w.Turn()
		if m := Enqueue(r, objs, n, way|once); m != again {
			return m
		}
	}
}

// dequeueWait continues a dequeue that found another thread inside.
func dequeueWait(r *Ring, objs unsafe.Pointer, n int, way Way) Moved {
	w := wait.AfterSpinning()
	for {
		w.Turn()
		if m := Dequeue(r, objs, n, way|once); m != again {
			return m
		}
	}
}

// enqueueWaitBatch continues an enqueue that found another thread inside.
func enqueueWaitBatch(r *Ring, rec *Record, n int, way Way) Moved {
	w := wait.AfterSpinning()
	for {
		w.Turn()
		if m := EnqueueBatch(r, rec, n, way|once); m != again {
			return m
		}
	}
}

// dequeueWaitBatch continues a dequeue that found another thread inside.
func dequeueWaitBatch(r *Ring, rec *Record, n int, way Way) Moved {
	w := wait.AfterSpinning()
	for {
		w.Turn()
		if m := DequeueBatch(r, rec, n, way|once); m != again {
			return m
		}
	}
}

// enqueueDescribed continues an enqueue to a ring that the record does not describe.
func enqueueDescribed(r *Ring, rec *Record, n int, way Way) Moved {
	if !rec.describesOut(r) {
		return 0
	}
	return EnqueueBatch(r, rec, n, way)
}

// dequeueDescribed continues a dequeue from a ring that the record does not describe.
func dequeueDescribed(r *Ring, rec *Record, n int, way Way) Moved {
	if !rec.describesIn(r) {
		return 0
	}
	return DequeueBatch(r, rec, n, way)
}
