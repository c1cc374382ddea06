package fib

import (
	"net/netip"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/routetable"
)

// Table6 is a handle to a table of IPv6 routes (struct rte_fib6). Lookups may run in any number of goroutines
// and processes, and in tables of the type Direct also beside changes: see the documentation of the package. No lookup may
// run beside Free or eal.Runtime.Close.
type Table6 struct {
	reader reader
	h      routetable.Handle
}

// Create6 creates a table of IPv6 routes. An IPv4 table of the same name cannot exist at the same time, because DPDK gives their pools of
// routes one name.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNameTooLong, dpdk.ErrInvalid, dpdk.ErrSecondary (in a secondary
// of a C primary), dpdk.ErrUnsupported (Config.RCU with an older DPDK, or
// in a secondary a DPDK with another layout).
//
// Implements: rte_fib6_create, rte_fib6_get_dp, rte_fib6_rcu_qsbr_add
func Create6(name string, cfg Config) (*Table6, error) {
	at, d, err := kind6.make(name, cfg)
	return newTable6(kind6.Op.Create, name, at, &d, err)
}

// Lookup6 finds a table of IPv6 routes by name. Any process of a group with a Go primary may have created it.
//
// Errors: dpdk.ErrNotFound if it does not exist; dpdk.ErrUnsupported if C code made it.
//
// Implements: rte_fib6_find_existing
func Lookup6(name string) (*Table6, error) {
	at, d, err := kind6.Lookup(name)
	return newTable6(kind6.Op.Find, name, at, &d, err)
}

func newTable6(op, name string, at unsafe.Pointer, d *description, err error) (*Table6, error) {
	if err != nil {
		return nil, err
	}
	r, err := d.reader(op, name, at)
	if err != nil {
		return nil, err
	}
	return &Table6{r, d.handle(name, at)}, nil
}

// Name returns the name of the table.
func (t *Table6) Name() string { return t.h.Name() }

// Pointer returns the struct rte_fib6, for C code in the primary, or nil after Free on this handle.
func (t *Table6) Pointer() unsafe.Pointer { return t.h.Pointer() }

// Info describes the table. The error is dpdk.ErrNotFound if it was freed.
func (t *Table6) Info() (Info, error) { return kind6.info(&t.h) }

// Free destroys the table for all processes. No process may use it afterwards. Lookups on this handle then return
// Config.Missing.
//
// Errors: dpdk.ErrNotFound if this or another process has freed it before; dpdk.ErrAgain if readers of Config.RCU
// have not been quiescent since the first call: wait with [rcu.QSBR.Synchronize], and call Free again. From the first call on, readers must
// not begin a lookup. A change in between makes the next Free a first one.
//
// Implements: rte_fib6_free
func (t *Table6) Free() error { return kind6.Free(&t.h, func() { t.reader.way = gone }) }

// Add adds a route, or replaces its next hop. Bits of the prefix after its length are ignored. The prefix ::/0 is the default
// route. The next hop is at most [MaxNextHop] of Config.EntrySize.
//
// Errors: dpdk.ErrInvalid; dpdk.ErrNoSpace if the table has no room for the route or its groups; dpdk.ErrAgain if a reader of Config.RCU was
// not quiescent in time; dpdk.ErrNotFound after Free; dpdk.ErrSecondary in a secondary of a C primary.
//
// Implements: rte_fib6_add
func (t *Table6) Add(p netip.Prefix, nextHop uint64) error {
	_, err := kind6.add(&t.h, []Route{{p, nextHop}})
	return err
}

// AddRoutes adds routes in their order, and returns the number of those before the first error. Its errors are those of Add. It makes one
// control call for many routes.
//
// Implements: rte_fib6_add
func (t *Table6) AddRoutes(routes []Route) (int, error) { return kind6.add(&t.h, routes) }

// Delete deletes the route of exactly this prefix. Its addresses then have the next hop of the next shorter prefix that
// matches.
//
// Errors: dpdk.ErrNotFound if the table has no such route, or was freed; dpdk.ErrAgain as for Add.
//
// Implements: rte_fib6_delete
func (t *Table6) Delete(p netip.Prefix) error { return kind6.Delete(&t.h, p) }

// NextHop returns the next hop of the route of exactly this prefix. The error is dpdk.ErrNotFound if the table has no
// such route, or was freed.
//
// Implements: rte_rib6_lookup_exact, rte_fib6_get_rib
func (t *Table6) NextHop(p netip.Prefix) (uint64, error) { return kind6.NextHop(&t.h, p) }

// Match returns the route of the longest prefix that contains the address. It is a control call: use Lookup for packets. The
// error is dpdk.ErrNotFound if no route does, or the table was freed.
//
// Implements: rte_rib6_lookup, rte_rib6_get_ip, rte_rib6_get_depth, rte_rib6_get_nh
func (t *Table6) Match(a netip.Addr) (Route, error) { return kind6.match(&t.h, a) }

// Lookup returns the next hop of the longest prefix that contains the address. It returns Config.Missing if no route
// does, and if the address is not an IPv6 address. A zone of the address is ignored.
//
// Implements: rte_fib6_lookup_bulk
func (t *Table6) Lookup(a netip.Addr) uint64 {
	if !a.Is6() {
		return t.reader.missing
	}
	ip := [1][16]byte{a.As16()}
	var hop [1]uint64
	t.LookupBulk(hop[:], ip[:])
	return hop[0]
}

// LookupBulk looks up addresses, in network byte order as in [netip.Addr.As16] and in packets, and stores the next hop of ips[i] in
// hops[i]. It returns the number of lookups, which is the length of the shorter slice.
//
// Implements: rte_fib6_lookup_bulk
func (t *Table6) LookupBulk(hops []uint64, ips [][16]byte) int {
	n := min(len(hops), len(ips))
	hops, ips = hops[:n], ips[:n]
	switch t.reader.way {
	case direct:
		switch a := &t.reader.arrays; a.size {
		case 1:
			bulk6[uint16](a, hops, ips)
		case 2:
			bulk6[uint32](a, hops, ips)
		default:
			bulk6[uint64](a, hops, ips)
		}
	case walk:
		tree(t.reader.at, true, unsafe.Pointer(unsafe.SliceData(ips)), 16, hops, t.reader.missing)
	case byC:
		call(t.reader.at, true, unsafe.Pointer(unsafe.SliceData(ips)), hops)
	default:
		t.reader.fill(hops)
	}
	return n
}
