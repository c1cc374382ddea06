package lpm

import (
	"net/netip"
	"unsafe"

	clpm "github.com/godpdk/godpdk/cgo/lpm"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/internal/routetable"
)

// Table6 is a handle to a table of IPv6 routes (struct rte_lpm6). Lookups may run in any number of goroutines
// and processes, beside changes: see the documentation of the package. No lookup may run beside Free or
// eal.Runtime.Close.
type Table6 struct {
	lpm unsafe.Pointer // nil after Free
	h   routetable.Handle
}

// Create6 creates a table of IPv6 routes. C programs find it with rte_lpm6_find_existing. Its errors are those of [Create4].
//
// Implements: rte_lpm6_create
func Create6(name string, cfg Config) (*Table6, error) {
	at, err := kind6.make(name, cfg)
	return newTable6(name, at, err)
}

// Lookup6 finds a table of IPv6 routes by name. Any process, also a C program, may have created it. The error is
// dpdk.ErrNotFound if it does not exist.
//
// Implements: rte_lpm6_find_existing
func Lookup6(name string) (*Table6, error) {
	at, _, err := kind6.Lookup(name)
	return newTable6(name, at, err)
}

func newTable6(name string, at unsafe.Pointer, err error) (*Table6, error) {
	if err != nil {
		return nil, err
	}
	return &Table6{at, kind6.handle(name, at)}, nil
}

// Name returns the name of the table.
func (t *Table6) Name() string { return t.h.Name() }

// Pointer returns the struct rte_lpm6, for C, or nil after Free on this handle.
func (t *Table6) Pointer() unsafe.Pointer { return t.h.Pointer() }

// Info describes the table. The error is dpdk.ErrNotFound if it was freed.
func (t *Table6) Info() (Info, error) { return kind6.info(&t.h) }

// Free destroys the table for all processes. Its errors are those of [Table4.Free].
//
// Implements: rte_lpm6_free
func (t *Table6) Free() error { return kind6.Free(&t.h, func() { t.lpm = nil }) }

// Add adds a route, or replaces its next hop. Bits of the prefix after its length are ignored. The next hop is at
// most [MaxNextHop6].
//
// In a table with Config.RCU, an Add after a Delete first waits for the readers, up to one second.
//
// Errors: dpdk.ErrInvalid; dpdk.ErrNoSpace if the table has no room for routes or groups; dpdk.ErrAgain if a reader was not quiescent
// in time; dpdk.ErrNotFound after Free; dpdk.ErrSecondary in a secondary of a C primary.
//
// Implements: rte_lpm6_add
func (t *Table6) Add(p netip.Prefix, nextHop uint32) error {
	_, err := kind6.add(&t.h, []Route{{p, nextHop}})
	return err
}

// AddRoutes adds routes in their order, and returns the number of those before the first error. Its errors are those of Add.
//
// Implements: rte_lpm6_add
func (t *Table6) AddRoutes(routes []Route) (int, error) { return kind6.add(&t.h, routes) }

// Delete deletes the route of exactly this prefix. Its addresses then have the next hop of the next shorter prefix that
// matches. The error is dpdk.ErrNotFound if the table has no such route, or was freed.
//
// Implements: rte_lpm6_delete
func (t *Table6) Delete(p netip.Prefix) error { return kind6.Delete(&t.h, p) }

// DeleteAll deletes all routes. Lookups that run meanwhile may find any route or none. The error is dpdk.ErrUnsupported for a
// table with Config.RCU.
//
// Implements: rte_lpm6_delete_all
func (t *Table6) DeleteAll() error { return kind6.deleteAll(&t.h) }

// NextHop returns the next hop of the route of exactly this prefix. The error is dpdk.ErrNotFound if the table has no
// such route, or was freed.
//
// Implements: rte_lpm6_is_rule_present
func (t *Table6) NextHop(p netip.Prefix) (uint32, error) { return kind6.nextHop(&t.h, p) }

// Lookup returns the next hop of the longest prefix that contains the address. ok is false if no route
// does, if the address is not an IPv6 address, and after Free. A zone of the address is ignored.
//
// Implements: rte_lpm6_lookup
func (t *Table6) Lookup(a netip.Addr) (nextHop uint32, ok bool) {
	if !a.Is6() {
		return 0, false
	}
	ip := [1][16]byte{a.As16()}
	var r [1]Result
	t.LookupBulk(r[:], ip[:])
	return r[0].NextHop(), r[0].OK()
}

// fast is the number of lookups in one fast call: a garbage collection waits for it.
const fast = 64

// LookupBulk looks up addresses, in network byte order as in [netip.Addr.As16] and in packets, and stores the result of ips[i] in
// results[i]. It returns the number of lookups, which is the length of the shorter slice.
//
// Implements: rte_lpm6_lookup_bulk_func
func (t *Table6) LookupBulk(results []Result, ips [][16]byte) int {
	n := min(len(results), len(ips))
	results, ips = results[:n], ips[:n]
	if t.lpm == nil {
		clear(results)
		return n
	}
	if !fastcall.Enabled {
		if n > 0 {
			clpm.Lookup6(t.lpm, unsafe.Pointer(&ips[0]), unsafe.Pointer(&results[0]), n)
		}
		return n
	}
	for len(ips) > 0 {
		k := min(len(ips), fast)
		b := clpm.Bulk6{LPM: t.lpm, IPs: unsafe.Pointer(&ips[0]), Results: unsafe.Pointer(&results[0]), N: uint64(k)}
		fastcall.Call(clpm.Lookup6Address, unsafe.Pointer(&b))
		ips, results = ips[k:], results[k:]
	}
	return n
}
