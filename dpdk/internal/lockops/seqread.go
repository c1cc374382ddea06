//go:build !amd64 || purego || race

package lockops

import "unsafe"

// SeqRead copies a value and reports whether no writer wrote meanwhile. Otherwise *dst is undefined.
// src is followed by padding up to a multiple of 4 bytes.
func SeqRead[T any](sn *uint32, dst, src *T) bool {
	size := unsafe.Sizeof(*src)
	if size%4 == 0 {
		return seqRead(sn, unsafe.Pointer(dst), unsafe.Pointer(src), int(size)/4)
	}
	var padded struct {
		_     [0]uint32
		value T
	}
	if !seqRead(sn, unsafe.Pointer(&padded), unsafe.Pointer(src), int(size+3)/4) {
		return false
	}
	*dst = padded.value
	return true
}
