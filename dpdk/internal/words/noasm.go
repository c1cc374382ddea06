//go:build !amd64 || purego || race

package words

import "unsafe"

// Push copies n words from src to dst. They must not overlap, and n must not be negative.
func Push(dst, src unsafe.Pointer, n int) { pushGo(dst, src, n) }

// Pop copies the n words that end at top to dst in reverse order. They must not overlap, and n
// must not be negative.
func Pop(dst, top unsafe.Pointer, n int) { popGo(dst, top, n) }
