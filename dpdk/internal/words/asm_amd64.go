//go:build !purego && !race

package words

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

var useAVX2 = cpu.X86.HasAVX2

// Push copies n words from src to dst. They must not overlap, and n must not be negative.
//
//go:noescape
func Push(dst, src unsafe.Pointer, n int)

// Pop copies the n words that end at top to dst in reverse order. They must not overlap, and n
// must not be negative.
//
//go:noescape
func Pop(dst, top unsafe.Pointer, n int)
