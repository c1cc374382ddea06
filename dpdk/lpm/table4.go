package lpm

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	clpm "github.com/godpdk/godpdk/cgo/lpm"
	"github.com/godpdk/godpdk/dpdk/internal/routetable"
)

// Table4 is a handle to a table of IPv4 routes (struct rte_lpm). Lookups may run in any number of goroutines
// and processes, beside changes: see the documentation of the package. No lookup may run beside Free or
// eal.Runtime.Close.
type Table4 struct {
	tbl24, tbl8 unsafe.Pointer // nil after Free
	h           routetable.Handle
}

// Create4 creates a table of IPv4 routes. C programs find it with rte_lpm_find_existing.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNameTooLong, dpdk.ErrInvalid, dpdk.ErrSecondary (in a secondary
// of a C primary).
//
// Implements: rte_lpm_create, rte_lpm_rcu_qsbr_add
func Create4(name string, cfg Config) (*Table4, error) {
	at, err := kind4.make(name, cfg)
	return newTable4(name, at, err)
}

// Lookup4 finds a table of IPv4 routes by name. Any process, also a C program, may have created it. The error is
// dpdk.ErrNotFound if it does not exist.
//
// Implements: rte_lpm_find_existing
func Lookup4(name string) (*Table4, error) {
	at, _, err := kind4.Lookup(name)
	return newTable4(name, at, err)
}

func newTable4(name string, at unsafe.Pointer, err error) (*Table4, error) {
	if err != nil {
		return nil, err
	}
	return &Table4{at, *(*unsafe.Pointer)(unsafe.Add(at, clpm.Tbl8)), kind4.handle(name, at)}, nil
}

// Name returns the name of the table.
func (t *Table4) Name() string { return t.h.Name() }

// Pointer returns the struct rte_lpm, for C, or nil after Free on this handle.
func (t *Table4) Pointer() unsafe.Pointer { return t.h.Pointer() }

// Info describes the table. The error is dpdk.ErrNotFound if it was freed.
func (t *Table4) Info() (Info, error) { return kind4.info(&t.h) }

// Free destroys the table for all processes. No process may use it afterwards. Lookups on this handle then find
// no route.
//
// Errors: dpdk.ErrNotFound if this or another process has freed it before; dpdk.ErrAgain if readers of Config.RCU
// have not been quiescent since the first call: wait with [rcu.QSBR.Synchronize], and call Free again. From the first call on, readers must
// not begin a lookup. A change in between makes the next Free a first one.
//
// Implements: rte_lpm_free
func (t *Table4) Free() error { return kind4.Free(&t.h, func() { t.tbl24, t.tbl8 = nil, nil }) }

// Add adds a route, or replaces its next hop. Bits of the prefix after its length are ignored. The next hop is at
// most [MaxNextHop4].
//
// Errors: dpdk.ErrInvalid; dpdk.ErrNoSpace if the table has no room, or all groups are in use or wait for readers;
// dpdk.ErrNotFound after Free; dpdk.ErrSecondary in a secondary of a C primary.
//
// Implements: rte_lpm_add
func (t *Table4) Add(p netip.Prefix, nextHop uint32) error {
	_, err := kind4.add(&t.h, []Route{{p, nextHop}})
	return err
}

// AddRoutes adds routes in their order, and returns the number of those before the first error. Its errors are those of Add.
//
// Implements: rte_lpm_add
func (t *Table4) AddRoutes(routes []Route) (int, error) { return kind4.add(&t.h, routes) }

// Delete deletes the route of exactly this prefix. Its addresses then have the next hop of the next shorter prefix that
// matches. The error is dpdk.ErrNotFound if the table has no such route, or was freed.
//
// Implements: rte_lpm_delete
func (t *Table4) Delete(p netip.Prefix) error { return kind4.Delete(&t.h, p) }

// DeleteAll deletes all routes. Lookups that run meanwhile may find any route or none. The error is dpdk.ErrUnsupported for a
// table with Config.RCU.
//
// Implements: rte_lpm_delete_all
func (t *Table4) DeleteAll() error { return kind4.deleteAll(&t.h) }

// NextHop returns the next hop of the route of exactly this prefix. The error is dpdk.ErrNotFound if the table has no
// such route, or was freed.
//
// Implements: rte_lpm_is_rule_present
func (t *Table4) NextHop(p netip.Prefix) (uint32, error) { return kind4.nextHop(&t.h, p) }

// Lookup returns the next hop of the longest prefix that contains the address. ok is false if no route
// does, if the address is not an IPv4 address, and after Free. It does not match IPv4 addresses in IPv6 form: use
// [netip.Addr.Unmap] for them.
//
// Implements: rte_lpm_lookup
func (t *Table4) Lookup(a netip.Addr) (nextHop uint32, ok bool) {
	if !a.Is4() {
		return 0, false
	}
	b := a.As4()
	r := t.LookupUint32(binary.BigEndian.Uint32(b[:]))
	return r.NextHop(), r.OK()
}

// LookupUint32 does what Lookup does, for an address as a number: 10.0.0.1 is 0x0a000001.
//
// Implements: rte_lpm_lookup
func (t *Table4) LookupUint32(ip uint32) Result {
	if t.tbl24 == nil {
		return 0
	}
	return complete(t.tbl8, first(t.tbl24, ip), ip)
}

// LookupBulk looks up addresses, which are numbers as in LookupUint32, and stores the result of ips[i] in results[i]. It
// returns the number of lookups, which is the length of the shorter slice.
//
// Implements: rte_lpm_lookup_bulk, rte_lpm_lookup_bulk_func
func (t *Table4) LookupBulk(results []Result, ips []uint32) int {
	n := min(len(results), len(ips))
	if t.tbl24 == nil {
		clear(results[:n])
		return n
	}
	bulk(t.tbl24, t.tbl8, results[:n], ips[:n])
	return n
}

// LookupX4 looks up four addresses, which are numbers as in LookupUint32, and returns their next hops. An address that no
// route matches has the next hop missing.
//
// Implements: rte_lpm_lookupx4
func (t *Table4) LookupX4(ips [4]uint32, missing uint32) (nextHops [4]uint32) {
	var r [4]Result
	t.LookupBulk(r[:], ips[:])
	for i := range r {
		nextHops[i] = missing
		if r[i].OK() {
			nextHops[i] = r[i].NextHop()
		}
	}
	return nextHops
}
