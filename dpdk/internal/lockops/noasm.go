//go:build (!amd64 && !arm64) || purego || race

package lockops

import "unsafe"

// Pause does nothing here.
func Pause(int) {}

// Store stores v with release order.
func Store(p *uint32, v uint32) { storeGo(p, v) }

// Store64 stores v with release order.
func Store64(p *uint64, v uint64) { store64Go(p, v) }

// StoreFence64 stores v and executes a full barrier: no later load of sync/atomic comes before it.
func StoreFence64(p *uint64, v uint64) { store64Go(p, v) }

// Add16 adds d atomically and returns the old value.
func Add16(p *uint16, d uint16) (was uint16) { return add16Go(p, d) }

// Join16 adds d to in atomically. It returns the old value, and whether out equals it, which
// means that no thread is before the caller.
func Join16(in *uint16, d uint16, out *uint16) (was uint16, first bool) { return join16Go(in, d, out) }

// And16 clears all bits outside mask atomically.
func And16(p *uint16, mask uint16) { and16Go(p, mask) }

// CompareAndSwap16 does an atomic compare-and-swap.
func CompareAndSwap16(p *uint16, old, new uint16) bool { return compareAndSwap16Go(p, old, new) }

// Release16 adds 1 with a load and a release store, for a word that only the caller writes.
func Release16(p *uint16) { release16Go(p) }

// SeqBegin makes the sequence number odd before all later stores.
func SeqBegin(sn *uint32) { seqAddGo(sn) }

// SeqEnd makes the sequence number even after all earlier stores.
func SeqEnd(sn *uint32) { seqAddGo(sn) }

// SeqWrite does SeqBegin, copies n words of 4 bytes from src to dst, and does SeqEnd.
func SeqWrite(sn *uint32, dst, src unsafe.Pointer, n int) { seqWriteGo(sn, dst, src, n) }

func seqRead(sn *uint32, dst, src unsafe.Pointer, n int) bool { return seqReadGo(sn, dst, src, n) }

// ThreadWord returns 0: this build cannot load the word.
func ThreadWord(int) int32 { return 0 }
