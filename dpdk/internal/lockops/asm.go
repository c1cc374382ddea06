//go:build (amd64 || arm64) && !purego && !race

package lockops

import "unsafe"

// Pause executes n pause instructions, which free resources of the CPU for other threads.
//
//go:noescape
func Pause(n int)

// StoreFence64 stores v and executes a full barrier: no later load comes before it, also not in C.
//
//go:noescape
func StoreFence64(p *uint64, v uint64)

// Add16 adds d atomically and returns the old value.
//
//go:noescape
func Add16(p *uint16, d uint16) (was uint16)

// Join16 adds d to in atomically. It returns the old value, and whether out equals it, which
// means that no thread is before the caller.
//
//go:noescape
func Join16(in *uint16, d uint16, out *uint16) (was uint16, first bool)

// And16 clears all bits outside mask atomically.
//
//go:noescape
func And16(p *uint16, mask uint16)

// CompareAndSwap16 does an atomic compare-and-swap.
//
//go:noescape
func CompareAndSwap16(p *uint16, old, new uint16) bool

// SeqWrite does SeqBegin, copies n words of 4 bytes from src to dst, and does SeqEnd.
// Go's scheduler does not preempt it, so readers never wait for a descheduled goroutine.
//
//go:noescape
func SeqWrite(sn *uint32, dst, src unsafe.Pointer, n int)

// ThreadWord loads a word at an offset from the thread pointer.
func ThreadWord(offset int) int32
