//go:build (amd64 || arm64) && !purego

package ringcore

import "unsafe"

//lint:file-ignore U1000 The assembly uses what Go does not.

// Enqueue and Dequeue are the methods of Ring without what -race needs, for
// wrappers that are inlined where they are called: with one more function
// between, the compiler would not.
//
// They look at the ring's sync type and go on, without returning, in one of the
// functions below. once is false for users: then a wait that does not end soon
// goes on in Go, in the functions at the end of this file. With once set they
// return again instead of waiting on.

//go:noescape
func Enqueue(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved

//go:noescape
func Dequeue(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved

//go:noescape
func enqueueMulti(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved

//go:noescape
func dequeueMulti(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved

//go:noescape
func enqueueRTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved

//go:noescape
func dequeueRTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved

//go:noescape
func enqueueHTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved

//go:noescape
func dequeueHTS(r *Ring, objs unsafe.Pointer, n int, bulk, once bool) Moved

const (
	again = 1<<64 - 1 // instead of Moved: nothing was done, others are in the way
	spins = 64        // how often assembly looks before it leaves the waiting to Go
)

// The assembly jumps to the following functions with its own arguments and
// result slots, as if its caller had called them, so their frames must be laid
// out like its own. It does so before it has reserved anything: no Go code runs
// between the move of a head and the move of its tail.

// enqueueWait goes on with an enqueue that found the way barred.
func enqueueWait(r *Ring, objs unsafe.Pointer, n int, bulk, _ bool) Moved {
	var wait Backoff
	for {
		wait.Yield()
		if m := Enqueue(r, objs, n, bulk, true); m != again {
			return m
		}
	}
}

// dequeueWait goes on with a dequeue that found the way barred.
func dequeueWait(r *Ring, objs unsafe.Pointer, n int, bulk, _ bool) Moved {
	var wait Backoff
	for {
		wait.Yield()
		if m := Dequeue(r, objs, n, bulk, true); m != again {
			return m
		}
	}
}
