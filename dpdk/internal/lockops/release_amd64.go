//go:build !purego && !race

package lockops

import (
	"sync/atomic"
	"unsafe"
)

// On amd64 each plain store is a release, and each plain load an acquire. So only the compiler could change the order
// here. It does not move, merge or drop accesses across an atomic load, which is a plain MOV: see "Release in plain Go" in
// ../ringcore/ORDER.md. The compiler inlines these functions.

var fence uint32

// Store stores v with release order.
func Store(p *uint32, v uint32) {
	atomic.LoadUint32(&fence)
	*p = v
}

// Store64 stores v with release order.
func Store64(p *uint64, v uint64) {
	atomic.LoadUint32(&fence)
	*p = v
}

// Release16 adds 1 with a load and a release store, for a word that only the caller writes.
func Release16(p *uint16) {
	atomic.LoadUint32(&fence)
	*p++
}

// SeqBegin makes the sequence number odd before all later stores.
func SeqBegin(sn *uint32) {
	*sn = atomic.LoadUint32(sn) + 1
	atomic.LoadUint32(sn)
}

// SeqEnd makes the sequence number even after all earlier stores.
func SeqEnd(sn *uint32) { *sn = atomic.LoadUint32(sn) + 1 }

// box lets the compiler copy a T in place.
type box[T any] struct{ value T }

// SeqRead copies a value and reports whether no writer wrote meanwhile. Otherwise *dst is undefined.
func SeqRead[T any](sn *uint32, dst, src *T) bool {
	begin := atomic.LoadUint32(sn) &^ 1                                         // an odd number is never equal
	(*box[T])(unsafe.Pointer(dst)).value = (*box[T])(unsafe.Pointer(src)).value // *dst = *src would call memmove
	return atomic.LoadUint32(sn) == begin
}
