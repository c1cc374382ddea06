package lpm

import (
	"unsafe"

	clpm "github.com/godpdk/godpdk/cgo/lpm"
)

// Result is the result of a lookup. The zero value means that no route matches.
type Result uint32

// OK reports whether a route matches.
func (r Result) OK() bool { return r&clpm.Found != 0 }

// NextHop returns the next hop of that route. It is meaningless if no route matches.
func (r Result) NextHop() uint32 { return uint32(r) & clpm.Hop }

// extended is the bit that an entry with the number of a group has. Such an entry is not valid if Found is not set.
const extended = clpm.Extended &^ clpm.Found

// first loads the entry of the first 24 bits of an address.
//
// A plain load, as in C: the load of an entry in a group depends on its result, and processors keep that
// order. Another process writes an entry with one store, and Go does not load it twice.
func first(tbl24 unsafe.Pointer, ip uint32) uint32 {
	return *(*uint32)(unsafe.Add(tbl24, uintptr(ip>>8)*4))
}

// second loads the entry of the last 8 bits of an address, in the group of e.
func second(tbl8 unsafe.Pointer, e, ip uint32) uint32 {
	return *(*uint32)(unsafe.Add(tbl8, (uintptr(e&clpm.Hop)*clpm.Group+uintptr(uint8(ip)))*4))
}

// complete returns e, or the entry in its group.
func complete(tbl8 unsafe.Pointer, e, ip uint32) Result {
	if e&clpm.Extended == clpm.Extended {
		e = second(tbl8, e, ip)
	}
	return Result(e)
}

// bulk looks up all ips. results has the same length.
func bulk(tbl24, tbl8 unsafe.Pointer, results []Result, ips []uint32) {
	p, q, n := unsafe.Pointer(unsafe.SliceData(ips)), unsafe.Pointer(unsafe.SliceData(results)), uintptr(len(ips))
	i := uintptr(0)
	for ; i+8 <= n; i += 8 {
		ip, r := (*[8]uint32)(unsafe.Add(p, i*4)), (*[8]Result)(unsafe.Add(q, i*4))
		e := first(tbl24, ip[0])
		r[0], e = Result(e), e|store(r, 1, first(tbl24, ip[1]))|store(r, 2, first(tbl24, ip[2]))|store(r, 3, first(tbl24, ip[3]))
		e |= store(r, 4, first(tbl24, ip[4])) | store(r, 5, first(tbl24, ip[5])) | store(r, 6, first(tbl24, ip[6])) | store(r, 7, first(tbl24, ip[7]))
		if e&extended != 0 { // one branch for eight: most routes have at most 24 bits
			complete8(tbl8, r, ip)
		}
	}
	for ; i < n; i++ {
		ip := *(*uint32)(unsafe.Add(p, i*4))
		*(*Result)(unsafe.Add(q, i*4)) = complete(tbl8, first(tbl24, ip), ip)
	}
}

// store stores an entry, and returns it.
func store(r *[8]Result, i int, e uint32) uint32 {
	r[i] = Result(e)
	return e
}

// complete8 completes eight entries. It is a function of its own because its registers would slow bulk.
//
//go:noinline
func complete8(tbl8 unsafe.Pointer, r *[8]Result, ip *[8]uint32) {
	for i, e := range r {
		if e&clpm.Extended == clpm.Extended {
			r[i] = Result(second(tbl8, uint32(e), ip[i]))
		}
	}
}
