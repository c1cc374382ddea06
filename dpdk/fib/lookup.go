package fib

import (
	"unsafe"

	cfib "github.com/godpdk/godpdk/cgo/fib"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
)

// An entry has its next hop, or the number of a group, above the lowest bit, which is set if the address
// continues in that group.
type entry interface {
	uint8 | uint16 | uint32 | uint64
}

// at loads the entry i of an array.
//
// A plain load, as in C: the load of an entry in a group depends on its result, and processors keep that order. Another
// process writes an entry with one store, and Go does not load it twice.
func at[E entry](array unsafe.Pointer, i uintptr) E {
	return *(*E)(unsafe.Add(array, i*unsafe.Sizeof(E(0))))
}

// arrays are those of a table of the type Direct.
type arrays struct {
	tbl24, tbl8 unsafe.Pointer
	size        uint8 // an entry has 1 << size bytes
}

func one4[E entry](a *arrays, ip uint32) uint64 {
	e := at[E](a.tbl24, uintptr(ip>>8))
	if e&cfib.Extended != 0 {
		e = at[E](a.tbl8, uintptr(e>>1)*cfib.Group+uintptr(uint8(ip)))
	}
	return uint64(e >> 1)
}

// bulk4 looks up all ips. hops has the same length.
func bulk4[E entry](a *arrays, hops []uint64, ips []uint32) {
	tbl24 := a.tbl24
	for len(ips) >= 8 && len(hops) >= 8 {
		ip, h := (*[8]uint32)(ips), (*[8]uint64)(hops)
		e0, e1 := at[E](tbl24, uintptr(ip[0]>>8)), at[E](tbl24, uintptr(ip[1]>>8))
		e2, e3 := at[E](tbl24, uintptr(ip[2]>>8)), at[E](tbl24, uintptr(ip[3]>>8))
		h[0], h[1], h[2], h[3] = uint64(e0>>1), uint64(e1>>1), uint64(e2>>1), uint64(e3>>1)
		any := e0 | e1 | e2 | e3
		e0, e1 = at[E](tbl24, uintptr(ip[4]>>8)), at[E](tbl24, uintptr(ip[5]>>8))
		e2, e3 = at[E](tbl24, uintptr(ip[6]>>8)), at[E](tbl24, uintptr(ip[7]>>8))
		h[4], h[5], h[6], h[7] = uint64(e0>>1), uint64(e1>>1), uint64(e2>>1), uint64(e3>>1)
		if (any|e0|e1|e2|e3)&cfib.Extended != 0 { // one branch for eight: most routes have at most 24 bits
			again4[E](a, h, ip)
		}
		hops, ips = hops[8:], ips[8:]
	}
	for i, ip := range ips {
		hops[i] = one4[E](a, ip)
	}
}

// again4 looks up eight addresses. It is a function of its own because its registers would slow bulk4.
//
//go:noinline
func again4[E entry](a *arrays, hops *[8]uint64, ips *[8]uint32) {
	for i, ip := range ips {
		hops[i] = one4[E](a, ip)
	}
}

// first6 loads the entry of the first 24 bits of an address.
func first6[E entry](tbl24 unsafe.Pointer, ip *[16]byte) E {
	return at[E](tbl24, uintptr(ip[0])<<16|uintptr(ip[1])<<8|uintptr(ip[2]))
}

// one6 looks up one address. In a table that changes meanwhile an entry may have a group after the last byte.
func one6[E entry](a *arrays, ip *[16]byte) uint64 {
	e := first6[E](a.tbl24, ip)
	for i := 3; e&cfib.Extended != 0 && i < len(ip); i++ {
		e = at[E](a.tbl8, uintptr(e>>1)*cfib.Group+uintptr(ip[i]))
	}
	return uint64(e >> 1)
}

// lanes is the number of addresses that bulk6 looks up at the same time: it loads the entries of one level of all
// before those of the next one, so that the loads overlap.
const lanes = 8

// bulk6 looks up all ips. hops has the same length.
func bulk6[E entry](a *arrays, hops []uint64, ips [][16]byte) {
	tbl8 := a.tbl8
	for len(ips) >= lanes && len(hops) >= lanes {
		ip, h := (*[lanes][16]byte)(ips), (*[lanes]uint64)(hops)
		var e [lanes]E
		var any E
		for k := range e {
			e[k] = first6[E](a.tbl24, &ip[k])
			any |= e[k]
		}
		for i := 3; any&cfib.Extended != 0 && i < 16; i++ {
			any = 0
			for k := range e {
				if e[k]&cfib.Extended != 0 {
					e[k] = at[E](tbl8, uintptr(e[k]>>1)*cfib.Group+uintptr(ip[k][i]))
					any |= e[k]
				}
			}
		}
		for k := range e {
			h[k] = uint64(e[k] >> 1)
		}
		hops, ips = hops[lanes:], ips[lanes:]
	}
	for i := range ips {
		hops[i] = one6[E](a, &ips[i])
	}
}

// fast is the number of lookups in one fast call: a garbage collection waits for it.
const fast = 64

// tree looks up addresses, of bytes each, in the tree of routes.
func tree(fib unsafe.Pointer, six bool, ips unsafe.Pointer, bytes int, hops []uint64, missing uint64) {
	if !fastcall.Enabled {
		if len(hops) > 0 {
			cfib.LookupTree(six, fib, ips, unsafe.Pointer(&hops[0]), len(hops), missing)
		}
		return
	}
	b := cfib.Bulk{FIB: fib, Missing: missing}
	if six {
		b.Six = 1
	}
	for len(hops) > 0 {
		k := min(len(hops), fast)
		b.IPs, b.Hops, b.N = ips, unsafe.Pointer(&hops[0]), uint64(k)
		fastcall.Call(cfib.TreeAddress, unsafe.Pointer(&b))
		if hops = hops[k:]; len(hops) > 0 {
			ips = unsafe.Add(ips, k*bytes)
		}
	}
}

// call lets C look up addresses, in the process that made the table.
func call(fib unsafe.Pointer, six bool, ips unsafe.Pointer, hops []uint64) {
	if len(hops) > 0 {
		cfib.LookupCall(six, fib, ips, unsafe.Pointer(&hops[0]), len(hops))
	}
}
