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

// bulk looks up all ips. results has at least as many elements.
func bulk(tbl24, tbl8 unsafe.Pointer, results []Result, ips []uint32) {
	for len(ips) >= 4 && len(results) >= 4 {
		ip, r := (*[4]uint32)(ips), (*[4]Result)(results)
		a, b, c, d := first(tbl24, ip[0]), first(tbl24, ip[1]), first(tbl24, ip[2]), first(tbl24, ip[3])
		if (a|b|c|d)&extended == 0 { // one branch for four: most routes have at most 24 bits
			r[0], r[1], r[2], r[3] = Result(a), Result(b), Result(c), Result(d)
		} else {
			r[0], r[1], r[2], r[3] = complete(tbl8, a, ip[0]), complete(tbl8, b, ip[1]), complete(tbl8, c, ip[2]), complete(tbl8, d, ip[3])
		}
		ips, results = ips[4:], results[4:]
	}
	for i, ip := range ips {
		if i < len(results) {
			results[i] = complete(tbl8, first(tbl24, ip), ip)
		}
	}
}
