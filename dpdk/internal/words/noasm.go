//go:build !amd64 || purego || race

package words

import "unsafe"

// Push copies n words from src to dst; they do not overlap. n is not negative.
func Push(dst, src unsafe.Pointer, n int) { pushGo(dst, src, n) }

// Pop copies the n words that end at top to dst, the last one first; they do not
// overlap. n is not negative.
func Pop(dst, top unsafe.Pointer, n int) { popGo(dst, top, n) }
