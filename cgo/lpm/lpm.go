//go:build linux

// Package lpm calls librte_lpm. It is not part of package cgo because a DPDK may lack this library,
// and because a secondary that links it cannot attach to a primary without it.
package lpm

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -I${SRCDIR}/../../include -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo !godpdk_static LDFLAGS: -Wl,--as-needed -lrte_lpm
#include "godpdk_lpm.h"

// Through cgo Go passes the parts: a struct with pointers to Go's memory is refused.
static inline void
lookup6(void *lpm, const uint8_t *ips, uint32_t *results, size_t n)
{
	struct godpdk_lpm6_bulk b = { lpm, ips, results, n };

	godpdk_lpm6_lookup(&b);
}

#cgo noescape godpdk_lpm_add
#cgo nocallback godpdk_lpm_add
#cgo noescape godpdk_lpm_delete
#cgo nocallback godpdk_lpm_delete
#cgo noescape godpdk_lpm_route
#cgo nocallback godpdk_lpm_route
#cgo noescape lookup6
#cgo nocallback lookup6
*/
import "C"

import (
	"unsafe"

	_ "github.com/godpdk/godpdk/include" // keeps the headers with the package
)

// Sizes of names with the final NUL: of any table, and of one that Create makes.
const (
	NameSize    = C.GODPDK_LPM_NAMESIZE
	NewNameSize = C.GODPDK_LPM_NEWNAMESIZE
)

// Layout of struct rte_lpm. The table of 2^24 entries is at its beginning, and the pointer to the groups at Tbl8. An entry has 4 bytes.
const (
	Tbl8     = C.GODPDK_LPM_TBL8
	Group    = C.GODPDK_LPM_GROUP    // entries of a group
	Extended = C.GODPDK_LPM_EXTENDED // the bits of an entry that has the number of a group
	Found    = C.GODPDK_LPM_FOUND    // the bit of a valid entry
	Hop      = C.GODPDK_LPM_HOP      // the bits of the next hop or the group
)

// Limits.
const (
	MaxRoutes  = C.GODPDK_LPM_MAX_ROUTES
	MaxGroups4 = C.GODPDK_LPM_MAX_GROUPS
	MaxGroups6 = C.GODPDK_LPM6_MAX_GROUPS
	MaxHop6    = C.GODPDK_LPM6_HOP
)

// LPM points to a struct rte_lpm, or a struct rte_lpm6 if the parameter six is true.
type LPM = unsafe.Pointer

func kind(six bool) C.int {
	if six {
		return 1
	}
	return 0
}

func ip(b *[16]byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(b)) }

// Create creates a table.
//
// Implements: rte_lpm_create, rte_lpm6_create
func Create(six bool, name string, socket int, routes, groups uint32) (LPM, int) {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	r := C.godpdk_lpm_create(kind(six), s, C.int(socket), C.uint32_t(routes), C.uint32_t(groups))
	return r.ptr, int(r.err)
}

// Find returns the table of that name, or nil.
//
// Implements: rte_lpm_find_existing, rte_lpm6_find_existing
func Find(six bool, name string) LPM {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return C.godpdk_lpm_find(kind(six), s)
}

// Free frees the table of that name if it is still at the address.
//
// Implements: rte_lpm_free, rte_lpm6_free
func Free(six bool, name string, at LPM) int {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return int(C.godpdk_lpm_free(kind(six), s, at))
}

// Add adds a route or replaces its next hop. The address has 4 or 16 bytes in network order.
//
// Implements: rte_lpm_add, rte_lpm6_add
func Add(six bool, at LPM, addr *[16]byte, bits uint8, hop uint32) int {
	return int(C.godpdk_lpm_add(kind(six), at, ip(addr), C.uint8_t(bits), C.uint32_t(hop)))
}

// Delete deletes a route. The error of a route that does not exist is EINVAL or ENOENT.
//
// Implements: rte_lpm_delete, rte_lpm6_delete
func Delete(six bool, at LPM, addr *[16]byte, bits uint8) int {
	return int(C.godpdk_lpm_delete(kind(six), at, ip(addr), C.uint8_t(bits)))
}

// DeleteAll deletes all routes.
//
// Implements: rte_lpm_delete_all, rte_lpm6_delete_all
func DeleteAll(six bool, at LPM) { C.godpdk_lpm_delete_all(kind(six), at) }

// Route returns the next hop of a route.
//
// Implements: rte_lpm_is_rule_present, rte_lpm6_is_rule_present
func Route(six bool, at LPM, addr *[16]byte, bits uint8) (hop uint32, ok bool) {
	r := C.godpdk_lpm_route(kind(six), at, ip(addr), C.uint8_t(bits))
	return uint32(r.hop), r.found != 0
}

// AddRCU gives an IPv4 table a struct rte_rcu_qsbr and a defer queue.
//
// Implements: rte_lpm_rcu_qsbr_add
func AddRCU(at LPM, v unsafe.Pointer) int {
	return int(C.godpdk_lpm_rcu((*C.struct_rte_lpm)(at), (*C.struct_rte_rcu_qsbr)(v)))
}

// Names returns the names of all tables.
func Names(six bool) (names []string) {
	var all []C.struct_godpdk_lpm_entry
	for n := C.uint32_t(16); int(n) > len(all); {
		all = make([]C.struct_godpdk_lpm_entry, n)
		if n = C.godpdk_lpm_list(kind(six), &all[0], n); int(n) <= len(all) {
			all = all[:n]
			break
		}
	}
	for _, e := range all {
		e.name[len(e.name)-1] = 0
		if name := C.GoString(&e.name[0]); Find(six, name) == e.at {
			names = append(names, name)
		}
	}
	return names
}

// Bulk6 is struct godpdk_lpm6_bulk.
type Bulk6 struct {
	LPM     LPM
	IPs     unsafe.Pointer // N addresses of 16 bytes
	Results unsafe.Pointer // N words: Found and the next hop, or 0
	N       uint64
}

type (
	_ [unsafe.Sizeof(Bulk6{}) - C.sizeof_struct_godpdk_lpm6_bulk]struct{}
	_ [C.sizeof_struct_godpdk_lpm6_bulk - unsafe.Sizeof(Bulk6{})]struct{}
)

// Lookup6Address is the C function int32_t f(void *) that looks up a [Bulk6].
var Lookup6Address = unsafe.Pointer(C.godpdk_lpm6_lookup)

// Lookup6 looks up n addresses: see [Bulk6].
//
// Implements: rte_lpm6_lookup_bulk_func
func Lookup6(at LPM, ips, results unsafe.Pointer, n int) {
	C.lookup6(at, (*C.uint8_t)(ips), (*C.uint32_t)(results), C.size_t(n))
}
