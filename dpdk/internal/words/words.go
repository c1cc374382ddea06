// Package words copies tables of pointers to shared memory as words, without the
// garbage collector's write barriers: to it they are no pointers.
package words

import "unsafe"

const size = unsafe.Sizeof(uintptr(0))

// The plain Go twins of the assembly.

// pushGo copies n words from src to dst.
func pushGo(dst, src unsafe.Pointer, n int) {
	if n > 0 {
		copy(unsafe.Slice((*uintptr)(dst), n), unsafe.Slice((*uintptr)(src), n))
	}
}

// popGo copies the n words that end at top to dst, the last one first.
func popGo(dst, top unsafe.Pointer, n int) {
	if n <= 0 {
		return
	}
	d := unsafe.Slice((*uintptr)(dst), n)
	s := unsafe.Slice((*uintptr)(unsafe.Add(top, -n*int(size))), n)
	for i := range d {
		d[i] = s[n-1-i]
	}
}
