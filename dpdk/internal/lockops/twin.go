package lockops

import (
	"sync/atomic"
	"unsafe"
)

// The plain Go twins of the assembly.

// Load16 loads with acquire order.
func Load16(p *uint16) uint16 {
	word, i := half(p)
	v := atomic.LoadUint32(word)
	return (*[2]uint16)(unsafe.Pointer(&v))[i]
}

// half returns the aligned word that contains p, and which half p is.
func half(p *uint16) (word *uint32, i uintptr) {
	i = uintptr(unsafe.Pointer(p)) >> 1 & 1
	return (*uint32)(unsafe.Add(unsafe.Pointer(p), -2*int(i))), i
}

func storeGo(p *uint32, v uint32) { atomic.StoreUint32(p, v) }

func store64Go(p *uint64, v uint64) { atomic.StoreUint64(p, v) }

func add16Go(p *uint16, d uint16) (was uint16) {
	for {
		was = Load16(p)
		if compareAndSwap16Go(p, was, was+d) {
			return was
		}
	}
}

func join16Go(in *uint16, d uint16, out *uint16) (was uint16, first bool) {
	was = add16Go(in, d)
	return was, Load16(out) == was
}

func and16Go(p *uint16, mask uint16) {
	for {
		if was := Load16(p); compareAndSwap16Go(p, was, was&mask) {
			return
		}
	}
}

func compareAndSwap16Go(p *uint16, old, new uint16) bool {
	word, i := half(p)
	for {
		was := atomic.LoadUint32(word)
		v := was
		h := &(*[2]uint16)(unsafe.Pointer(&v))[i]
		if *h != old {
			return false
		}
		*h = new
		if atomic.CompareAndSwapUint32(word, was, v) { // otherwise the other half may have changed
			return true
		}
	}
}

func release16Go(p *uint16) { add16Go(p, 1) }

func seqAddGo(sn *uint32) { atomic.AddUint32(sn, 1) }

func seqWriteGo(sn *uint32, dst, src unsafe.Pointer, n int) {
	seqAddGo(sn)
	d, s := unsafe.Slice((*uint32)(dst), n), unsafe.Slice((*uint32)(src), n)
	for i := range d {
		atomic.StoreUint32(&d[i], s[i])
	}
	seqAddGo(sn)
}

func seqReadGo(sn *uint32, dst, src unsafe.Pointer, n int) bool {
	_ = *(*uint32)(dst) // nil is a panic, as in the other ways, and not the fatal error of unsafe.Slice
	begin := atomic.LoadUint32(sn)
	if begin&1 != 0 {
		return false
	}
	d, s := unsafe.Slice((*uint32)(dst), n), unsafe.Slice((*uint32)(src), n)
	for i := range d {
		d[i] = atomic.LoadUint32(&s[i])
	}
	return atomic.LoadUint32(sn) == begin
}
