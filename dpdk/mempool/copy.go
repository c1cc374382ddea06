package mempool

import "unsafe"

// Tables of objects are copied as words: to the garbage collector they are no
// pointers.

// pop copies the n words that end at top to dst, the last one first.
func pop(dst, top unsafe.Pointer, n int) {
	if n == 0 {
		return
	}
	d := unsafe.Slice((*uintptr)(dst), n)
	s := unsafe.Slice((*uintptr)(unsafe.Add(top, -n*int(wordSize))), n)
	for i := range d {
		d[i] = s[n-1-i]
	}
}

// push copies n words from src to dst.
func push(dst, src unsafe.Pointer, n int) {
	if n == 0 {
		return
	}
	copy(unsafe.Slice((*uintptr)(dst), n), unsafe.Slice((*uintptr)(src), n))
}
