//go:build linux

// Package fib calls librte_fib and librte_rib. It is not part of package cgo because a DPDK may lack these libraries,
// and because a secondary that links them cannot attach to a primary without them.
package fib

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -I${SRCDIR}/../../include -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo !godpdk_static LDFLAGS: -Wl,--as-needed -lrte_fib -lrte_rib
#include "godpdk_fib.h"

// Through cgo Go passes the parts: a struct with pointers to Go's memory is refused.
static inline void
lookup_tree(int six, void *fib, const void *ips, uint64_t *hops, size_t n, uint64_t missing)
{
	struct godpdk_fib_bulk b = { fib, ips, hops, n, missing, six };

	godpdk_fib_lookup_tree(&b);
}

static inline void
lookup_call(int six, void *fib, const void *ips, uint64_t *hops, size_t n)
{
	struct godpdk_fib_bulk b = { fib, ips, hops, n, 0, six };

	godpdk_fib_lookup_call(&b);
}

#cgo noescape godpdk_fib_add
#cgo nocallback godpdk_fib_add
#cgo noescape godpdk_fib_delete
#cgo nocallback godpdk_fib_delete
#cgo noescape godpdk_fib_route
#cgo nocallback godpdk_fib_route
#cgo noescape lookup_tree
#cgo nocallback lookup_tree
#cgo noescape lookup_call
#cgo nocallback lookup_call
*/
import "C"

import (
	"unsafe"

	_ "github.com/godpdk/godpdk/include" // keeps the headers with the package
)

// Sizes of names with the final NUL: of any table, and of one that Create makes.
const (
	NameSize    = C.GODPDK_FIB_NAMESIZE
	NewNameSize = C.GODPDK_FIB_NEWNAMESIZE
)

// Entries of the arrays: see [Made].
const (
	Group    = C.GODPDK_FIB_GROUP    // entries of a group
	Extended = C.GODPDK_FIB_EXTENDED // the bit of an entry that has the number of a group; the number or the next hop is in the bits above
)

// Limits.
const (
	MaxRoutes = C.GODPDK_FIB_MAX_ROUTES
	MaxGroups = C.GODPDK_FIB_MAX_GROUPS
)

// Whether this DPDK has AddRCU, for IPv4 and IPv6.
const (
	RCU4 = C.GODPDK_FIB_RCU4 != 0
	RCU6 = C.GODPDK_FIB_RCU6 != 0
)

// FIB points to a struct rte_fib, or a struct rte_fib6 if the parameter six is true.
type FIB = unsafe.Pointer

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

func ip(b *[16]byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(b)) }

// Made is a new table.
type Made struct {
	FIB      FIB
	Tbl24    unsafe.Pointer // 2^24 entries, or nil if lookups in Go are not possible
	Tbl8     unsafe.Pointer // the groups
	Reserved unsafe.Pointer // DPDK's number of reserved groups, or nil
}

// Create creates a table with entries of 1 << size bytes, or without groups one that is a tree only.
//
// Implements: rte_fib_create, rte_fib6_create, rte_fib_get_dp, rte_fib6_get_dp
func Create(six bool, name string, socket int, missing uint64, routes, groups, size uint32) (Made, int) {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	m := C.godpdk_fib_create(flag(six), s, C.int(socket), C.uint64_t(missing), C.uint32_t(routes), C.uint32_t(groups), C.uint32_t(size))
	return Made{m.ptr, m.tbl24, m.tbl8, unsafe.Pointer(m.reserved)}, int(m.err)
}

// Find returns the table of that name, or nil.
//
// Implements: rte_fib_find_existing, rte_fib6_find_existing
func Find(six bool, name string) FIB {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return C.godpdk_fib_find(flag(six), s)
}

// Free frees the table of that name if it is still at the address.
//
// Implements: rte_fib_free, rte_fib6_free
func Free(six bool, name string, at FIB) int {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return int(C.godpdk_fib_free(flag(six), s, at))
}

// AddRCU gives a table a struct rte_rcu_qsbr and a defer queue for its groups.
//
// Implements: rte_fib_rcu_qsbr_add, rte_fib6_rcu_qsbr_add
func AddRCU(six bool, at FIB, v unsafe.Pointer, groups uint32) int {
	return int(C.godpdk_fib_rcu(flag(six), at, (*C.struct_rte_rcu_qsbr)(v), C.uint32_t(groups)))
}

// Change is the result of a change.
type Change struct {
	Errno   int
	Groups  uint32 // groups that are now in use, or free
	Existed bool
}

// Add adds a route or replaces its next hop. The address has 4 or 16 bytes in network order. A new route needs room, and if
// reserved, which is that of [Made], is not nil, its groups must be left.
//
// Implements: rte_fib_add, rte_fib6_add, rte_rib_insert, rte_rib6_insert, rte_rib_set_nh, rte_rib6_set_nh, rte_rib_get_nxt, rte_rib6_get_nxt
func Add(six bool, at FIB, reserved unsafe.Pointer, room bool, left uint32, addr *[16]byte, bits uint8, hop uint64) Change {
	r := C.godpdk_fib_add(flag(six), at, (*C.uint32_t)(reserved), flag(room), C.uint32_t(left), ip(addr), C.uint8_t(bits), C.uint64_t(hop))
	return Change{int(r.err), uint32(r.groups), r.existed != 0}
}

// Delete deletes a route. missing is the next hop of addresses without one. The error of a route that does not exist is ENOENT.
//
// Implements: rte_fib_delete, rte_fib6_delete, rte_rib_remove, rte_rib6_remove
func Delete(six bool, at FIB, reserved unsafe.Pointer, addr *[16]byte, bits uint8, missing uint64) Change {
	r := C.godpdk_fib_delete(flag(six), at, (*C.uint32_t)(reserved), ip(addr), C.uint8_t(bits), C.uint64_t(missing))
	return Change{int(r.err), uint32(r.groups), r.existed != 0}
}

// Route is a route of a table.
type Route struct {
	Addr  [16]byte
	Bits  uint8
	Hop   uint64
	Found bool
}

func route(r C.struct_godpdk_fib_route) Route {
	return Route{*(*[16]byte)(unsafe.Pointer(&r.ip)), uint8(r.depth), uint64(r.hop), r.found != 0}
}

// Exact returns the route of exactly this prefix.
//
// Implements: rte_rib_lookup_exact, rte_rib6_lookup_exact, rte_fib_get_rib, rte_fib6_get_rib, rte_rib_get_nh, rte_rib6_get_nh
func Exact(six bool, at FIB, addr *[16]byte, bits uint8) Route {
	return route(C.godpdk_fib_route(flag(six), at, ip(addr), C.uint8_t(bits), 1))
}

// Match returns the longest route that contains an address.
//
// Implements: rte_rib_lookup, rte_rib6_lookup, rte_rib_get_ip, rte_rib6_get_ip, rte_rib_get_depth, rte_rib6_get_depth
func Match(six bool, at FIB, addr *[16]byte) Route {
	return route(C.godpdk_fib_route(flag(six), at, ip(addr), 0, 0))
}

// Bulk is struct godpdk_fib_bulk.
type Bulk struct {
	FIB     FIB
	IPs     unsafe.Pointer // N numbers, or N IPv6 addresses of 16 bytes
	Hops    unsafe.Pointer // N next hops
	N       uint64
	Missing uint64
	Six     uint64
}

type (
	_ [unsafe.Sizeof(Bulk{}) - C.sizeof_struct_godpdk_fib_bulk]struct{}
	_ [C.sizeof_struct_godpdk_fib_bulk - unsafe.Sizeof(Bulk{})]struct{}
)

// TreeAddress is the C function int32_t f(void *) that looks up a [Bulk] in the tree of routes.
var TreeAddress = unsafe.Pointer(C.godpdk_fib_lookup_tree)

// LookupTree looks up n addresses in the tree of routes: see [Bulk].
//
// Implements: rte_rib_lookup, rte_rib6_lookup
func LookupTree(six bool, at FIB, ips, hops unsafe.Pointer, n int, missing uint64) {
	C.lookup_tree(flag(six), at, ips, (*C.uint64_t)(hops), C.size_t(n), C.uint64_t(missing))
}

// LookupCall looks up n addresses: see [Bulk]. Only the process that made the table may call it, because DPDK calls a function by its
// address in shared memory.
//
// Implements: rte_fib_lookup_bulk, rte_fib6_lookup_bulk
func LookupCall(six bool, at FIB, ips, hops unsafe.Pointer, n int) {
	C.lookup_call(flag(six), at, ips, (*C.uint64_t)(hops), C.size_t(n))
}
