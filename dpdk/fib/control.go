package fib

import (
	"net/netip"
	"unsafe"

	cfib "github.com/godpdk/godpdk/cgo/fib"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/routetable"
)

// The arguments and results of the calls that the primary makes, beside those of package routetable.
type (
	newTable struct {
		Type    Type
		Size    uint8 // an entry has 1 << Size bytes
		Missing uint64
	}
	// description is what a handle needs.
	description struct {
		newTable
		Tbl24, Tbl8       uintptr // 0 if lookups need C
		MaxRoutes, Routes uint32
		MaxGroups, Groups uint32
	}
	match struct {
		At   uintptr
		Addr netip.Addr
	}
)

// kind is one kind of tables.
type kind struct {
	*routetable.Kind[newTable, description]
	matches func(name string, m match) (*Route, error)
	opMatch string
}

var (
	kind4 = newKind(false, "rte_rib_lookup", routetable.Ops{Create: "rte_fib_create", Find: "rte_fib_find_existing", Free: "rte_fib_free",
		Add: "rte_fib_add", Delete: "rte_fib_delete", NextHop: "rte_rib_lookup_exact", RCU: "rte_fib_rcu_qsbr_add"})
	kind6 = newKind(true, "rte_rib6_lookup", routetable.Ops{Create: "rte_fib6_create", Find: "rte_fib6_find_existing", Free: "rte_fib6_free",
		Add: "rte_fib6_add", Delete: "rte_fib6_delete", NextHop: "rte_rib6_lookup_exact", RCU: "rte_fib6_rcu_qsbr_add"})
)

func newKind(six bool, opMatch string, ops routetable.Ops) kind {
	k := routetable.New(&routetable.Kind[newTable, description]{
		C: library{six, ops}, Op: ops, Six: six, NameSize: cfib.NameSize, NewSize: cfib.NewNameSize, MaxRoutes: cfib.MaxRoutes,
		Larger:    ", or a larger EntrySize",
		Secondary: "only a Go primary that imports this package can make and change tables: use one, or package lpm",
	})
	return kind{k, delegate.Func(opMatch, func(_ delegate.Owner, name string, m match) (r *Route, err error) {
		err = routetable.On(k, name, m.At, func(t *table) error { r = t.match(m.Addr); return nil })
		return r, err
	}), opMatch}
}

// library is rte_fib, or rte_fib6.
type library struct {
	six bool
	op  routetable.Ops
}

func (l library) Find(name string) unsafe.Pointer         { return cfib.Find(l.six, name) }
func (l library) Free(name string, at unsafe.Pointer) int { return cfib.Free(l.six, name, at) }

// spare is the number of groups beyond those that the routes of a table need: DPDK takes some in the middle of a change.
const spare = 16

// unknownLayout is true in tests of a DPDK with another layout of the arrays.
var unknownLayout bool

func (l library) Create(by delegate.Owner, name string, s *routetable.Size, a newTable, r *routetable.Readers) (unsafe.Pointer, routetable.Table[description], error) {
	if a.Type > Tree || a.Size > 3 || l.six && a.Size == 0 || s.Groups > maxGroups(1<<a.Size) || a.Missing > maxHop(a.Type, a.Size) {
		return nil, nil, dpdk.ErrInvalid
	}
	groups := uint32(0)
	if a.Type == Direct {
		groups = s.Groups + spare
		if r.QSBR() != nil { // as many may wait for readers
			groups += s.Groups
		}
	}
	m, errno := cfib.Create(l.six, name, s.Socket, a.Missing, s.Routes, groups, uint32(a.Size))
	if l.six && dpdk.Errno(errno) == dpdk.ErrInvalid { // the arguments are checked: rte_fib6_create has no memory, and its clean-up changes rte_errno
		errno = int(dpdk.ErrNoMemory)
	}
	if errno != 0 {
		return nil, nil, control.Errno(errno)
	}
	if unknownLayout {
		m.Tbl24, m.Tbl8, m.Reserved = nil, nil, nil
	}
	if by != delegate.Self && a.Type == Direct && m.Tbl24 == nil {
		return m.FIB, nil, errLayout(l.op.Create, name)
	}
	if r.QSBR() != nil {
		if errno := cfib.AddRCU(l.six, m.FIB, r.QSBR(), groups); errno != 0 {
			return m.FIB, nil, &dpdk.Error{Op: l.op.RCU, Name: name, Errno: dpdk.Errno(errno)}
		}
	}
	d := description{newTable: a, Tbl24: uintptr(m.Tbl24), Tbl8: uintptr(m.Tbl8), MaxRoutes: s.Routes, MaxGroups: s.Groups}
	return m.FIB, &table{description: d, six: l.six, at: m.FIB, reserved: m.Reserved, readers: r}, nil
}

// table is a table in the primary.
type table struct {
	description
	six      bool
	at       cfib.FIB
	reserved unsafe.Pointer // DPDK's number of groups, or nil if godpdk does not count them
	readers  *routetable.Readers
	waiting  uint32 // the number of groups at most that changes have made free, and in which readers may be
}

func (t *table) Describe() description { return t.description }

// mayFree returns the number of groups that a change of the route makes free at most: its own, and those of longer prefixes in it.
func (t *table) mayFree(bits uint8) uint32 {
	n := t.Groups
	switch {
	case t.reserved == nil:
		return t.MaxGroups
	case t.six && bits > 24:
		n += (uint32(bits) - 17) / 8
	case !t.six && bits > 24:
		n = 1
	case !t.six:
		n = min(n, 1<<(24-bits))
	}
	return min(n, t.MaxGroups)
}

// change runs f, which changes a route with so many bits.
//
// The table has room for MaxGroups groups that wait for readers. DPDK uses them again when the readers have passed.
func (t *table) change(bits uint8, f func() int) int {
	free := t.mayFree(bits)
	if t.waiting+free > t.MaxGroups {
		if !t.readers.Settle() {
			return int(dpdk.ErrAgain)
		}
		t.waiting = 0
	}
	errno := f()
	if free > 0 && t.readers.Freed() {
		t.waiting += free
	}
	return errno
}

func (t *table) MaxHop() uint64 { return maxHop(t.Type, t.Size) }

func (t *table) Add(p netip.Prefix, hop uint64) int {
	addr, bits := routetable.Bytes(p)
	return t.change(bits, func() int {
		c := cfib.Add(t.six, t.at, t.reserved, t.Routes < t.MaxRoutes, t.MaxGroups-t.Groups, &addr, bits, hop)
		if c.Errno == 0 && !c.Existed {
			t.Routes++
			t.count(int(c.Groups))
		}
		return c.Errno
	})
}

func (t *table) Delete(p netip.Prefix) int {
	addr, bits := routetable.Bytes(p)
	return t.change(bits, func() int {
		c := cfib.Delete(t.six, t.at, t.reserved, &addr, bits, t.Missing)
		if c.Errno == 0 {
			t.Routes--
			t.count(-int(c.Groups))
		}
		return c.Errno
	})
}

// count counts groups. A table without groups, or one that leaves them to DPDK, has none.
func (t *table) count(n int) {
	if t.reserved != nil {
		t.Groups = uint32(int(t.Groups) + n)
	}
}

func (t *table) NextHop(p netip.Prefix) (uint64, bool) {
	addr, bits := routetable.Bytes(p)
	r := cfib.Exact(t.six, t.at, &addr, bits)
	return r.Hop, r.Found
}

// match returns the route of the longest prefix that contains the address, or nil.
func (t *table) match(a netip.Addr) *Route {
	if a.Is6() != t.six || !a.IsValid() { // a handle has checked it before
		return nil
	}
	addr, _ := routetable.Bytes(netip.PrefixFrom(a, 0))
	r := cfib.Match(t.six, t.at, &addr)
	if !r.Found {
		return nil
	}
	found, _ := netip.AddrFromSlice(r.Addr[:len(a.AsSlice())])
	return &Route{netip.PrefixFrom(found, int(r.Bits)), r.Hop}
}
