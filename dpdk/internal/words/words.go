// Package words copies arrays of pointers to and from shared memory as words. So the garbage
// collector does not treat them as pointers, and the copies have no write barriers.
package words

import "unsafe"

const size = unsafe.Sizeof(uintptr(0))

// The Go equivalents of the assembly.

// pushGo copies n words from src to dst.
func pushGo(dst, src unsafe.Pointer, n int) {
	if n > 0 {
		copy(unsafe.Slice((*uintptr)(dst), n), unsafe.Slice((*uintptr)(src), n))
	}
}

// popGo copies the n words that end at top to dst in reverse order.
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
