//go:build (amd64 || arm64) && !purego && !race

package lockops

import "unsafe"

// Pause tells the processor n times that this thread waits.
//
//go:noescape
func Pause(n int)

// Store is a release store.
//
//go:noescape
func Store(p *uint32, v uint32)

// Store64 is a release store.
//
//go:noescape
func Store64(p *uint64, v uint64)

// StoreFence64 is a store and a full barrier: no load that follows comes before it,
// in C neither.
//
//go:noescape
func StoreFence64(p *uint64, v uint64)

// Add16 adds d as one atomic step and returns what was there.
//
//go:noescape
func Add16(p *uint16, d uint16) (was uint16)

// Join16 adds d at in as one atomic step and returns what was there, and whether out
// has come to just that: nobody is before the caller.
//
//go:noescape
func Join16(in *uint16, d uint16, out *uint16) (was uint16, first bool)

// And16 keeps the bits of mask as one atomic step.
//
//go:noescape
func And16(p *uint16, mask uint16)

// CompareAndSwap16 is what its name says.
//
//go:noescape
func CompareAndSwap16(p *uint16, old, new uint16) bool

// Release16 adds 1 where only the caller writes: a load and a release store.
//
//go:noescape
func Release16(p *uint16)

// SeqBegin makes the sequence number odd before all stores that follow.
//
//go:noescape
func SeqBegin(sn *uint32)

// SeqEnd makes the sequence number even after all stores that came before.
//
//go:noescape
func SeqEnd(sn *uint32)

// SeqWrite is SeqBegin, a copy of n words of 4 bytes from src to dst, and SeqEnd.
// Go's scheduler does not preempt it, so readers wait for no goroutine.
//
//go:noescape
func SeqWrite(sn *uint32, dst, src unsafe.Pointer, n int)

// SeqRead copies n words of 4 bytes from src to dst and says whether nobody wrote
// meanwhile. If somebody did, dst holds nothing of use.
//
//go:noescape
func SeqRead(sn *uint32, dst, src unsafe.Pointer, n int) bool
