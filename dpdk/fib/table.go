package fib

import (
	"fmt"
	"math"
	"math/bits"
	"net/netip"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	cfib "github.com/godpdk/godpdk/cgo/fib"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/routetable"
	"github.com/godpdk/godpdk/dpdk/rcu"
)

// MaxName is the maximum length of the name of a table, in bytes. DPDK cuts the names that it makes from longer
// ones.
const MaxName = cfib.NewNameSize - 1

// Type is the structure in which lookups find next hops.
type Type uint8

const (
	// Direct is an array of 2^24 entries and groups of 256 entries (RTE_FIB_DIR24_8 and RTE_FIB6_TRIE). A lookup of an IPv4 address loads one
	// entry, or two if the /24 network of the address has longer prefixes. One of an IPv6 address loads an entry for the first
	// three bytes, and one for each further byte that longer prefixes have.
	Direct Type = iota
	// Tree is only the tree of routes (RTE_FIB_DUMMY and RTE_FIB6_DUMMY), which tables of the other type have too. It takes less memory, and lookups are
	// slower and must not run beside changes.
	Tree
)

func (t Type) String() string {
	switch t {
	case Direct:
		return "direct"
	case Tree:
		return "tree"
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

const defaultSize = 4 // of an entry

// MaxNextHop returns the largest next hop in an entry of 1, 2, 4 or 8 bytes. Tables of the type [Tree] have no limit.
func MaxNextHop(entrySize int) uint64 { return 1<<(8*uint(entrySize)-1) - 1 }

// maxGroups returns the largest number of groups: entries also have the numbers of groups, and with Config.RCU there are
// twice as many. DPDK computes the place of a group in bytes in 32 bits.
func maxGroups(entrySize int) uint32 {
	return uint32(min(MaxNextHop(entrySize), cfib.MaxGroups, 1<<32/uint64(cfib.Group*entrySize))-spare-1) / 2
}

// Config configures a new table. The zero value is a table for 1024 routes, with next hops of 31 bits.
type Config struct {
	// Type is the structure of the table. 0 is Direct.
	Type Type
	// MaxRoutes is the maximum number of routes. The table takes 256 bytes for each. 0 is 1024.
	MaxRoutes int
	// EntrySize is the size of an entry in bytes: 1, 2, 4 or 8 for IPv4 and 2, 4 or 8 for IPv6. Next hops are at most [MaxNextHop]
	// of it. A table has 2^24 entries without its groups. 0 is 4.
	EntrySize int
	// Groups is the number of groups of 256 entries (num_tbl8). An IPv4 table needs a group for each /24 network with longer
	// prefixes in it. An IPv6 table needs up to one group for each byte of a prefix after the third one, but prefixes with common
	// bytes share groups. 0 is 256 for IPv4 and 8192 for IPv6, or the maximum if entries have one byte.
	Groups int
	// Missing is the next hop of addresses that no route matches (default_nh).
	Missing uint64
	// Socket is the NUMA socket of the memory.
	Socket dpdk.SocketID
	// RCU lets changes wait for readers: see the documentation of the package. Readers of the table register with
	// this variable. Free the table before the variable. The table then has room for twice as many groups. It needs DPDK 24.11 for IPv4 and
	// 25.11 for IPv6, and the type Direct.
	RCU *rcu.QSBR
}

// check checks what only tables of this package have.
func (c *Config) check(k kind, name string) error {
	bad := func(format string, args ...any) error { return check.Invalid(k.Op.Create, name, format, args...) }
	smallest := 1
	if k.Six {
		smallest = 2
	}
	if c.EntrySize == 0 {
		c.EntrySize = defaultSize
	}
	switch {
	case bits.OnesCount(uint(c.EntrySize)) != 1 || c.EntrySize < smallest || c.EntrySize > 8:
		return bad("EntrySize is %d: use a power of two from %d to 8, or 0 for %d", c.EntrySize, smallest, defaultSize)
	case c.Type > Tree:
		return bad("the type is %v: use Direct or Tree", c.Type)
	case c.Type == Direct && c.Missing > MaxNextHop(c.EntrySize):
		return bad("Missing is %d: use at most %d, or a larger EntrySize", c.Missing, MaxNextHop(c.EntrySize))
	case c.RCU != nil && c.Type == Tree:
		return bad("a tree cannot wait for readers: use Direct, or no RCU")
	case c.RCU != nil && !k.Six && !cfib.RCU4, c.RCU != nil && k.Six && !cfib.RCU6:
		return &dpdk.Error{Op: k.Op.RCU, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: "it needs DPDK 24.11 for IPv4 and 25.11 for IPv6: use package lpm, or build a second table and let readers change over to it"}
	}
	return nil
}

// Route is a prefix and its next hop.
type Route struct {
	Prefix  netip.Prefix
	NextHop uint64
}

// Info describes a table.
type Info struct {
	Name string
	IPv6 bool
	Type Type
	// Missing is the next hop of addresses without a route.
	Missing uint64
	// Routes is the number of routes, of MaxRoutes.
	Routes, MaxRoutes int
	// EntrySize is the size of an entry in bytes, or 0 in a table of the type Tree.
	EntrySize int
	// GroupsInUse is the number of groups that the routes need at most, of Groups.
	GroupsInUse, Groups int
}

// List describes all tables of the file prefix that Go has made.
func List() ([]Info, error) {
	var all []Info
	for _, k := range []kind{kind4, kind6} {
		names, err := k.List()
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			if _, d, err := k.Lookup(n); err == nil { // it was not freed meanwhile
				all = append(all, d.info(n, k.Six))
			}
		}
	}
	return all, nil
}

// How a handle looks up addresses.
type way uint8

const (
	gone   way = iota // no table
	direct            // Go reads the arrays
	walk              // C walks the tree
	byC               // C reads the arrays
)

// reader is what a handle needs for lookups. The zero value finds nothing.
type reader struct {
	at unsafe.Pointer // the table
	arrays
	way     way
	missing uint64
}

// maxHop returns the largest next hop of a table with entries of 1 << size bytes.
func maxHop(t Type, size uint8) uint64 {
	if t == Tree {
		return math.MaxUint64
	}
	return MaxNextHop(1 << size)
}

// make creates a table.
func (k kind) make(name string, cfg Config) (at unsafe.Pointer, d description, err error) {
	if err := cfg.check(k, name); err != nil {
		return nil, d, err
	}
	return k.Create(name, routetable.Config{MaxRoutes: cfg.MaxRoutes, Groups: cfg.Groups, Socket: cfg.Socket, RCU: cfg.RCU}, int(maxGroups(cfg.EntrySize)),
		newTable{cfg.Type, uint8(bits.TrailingZeros(uint(cfg.EntrySize))), cfg.Missing})
}

// handle is what both types of tables have.
func (d *description) handle(name string, at unsafe.Pointer) routetable.Handle {
	return routetable.NewHandle(name, at, maxHop(d.Type, d.Size))
}

// reader returns how this process looks up addresses.
func (d *description) reader(op, name string, at unsafe.Pointer) (reader, error) {
	r := reader{at, arrays{routetable.Address(d.Tbl24), routetable.Address(d.Tbl8), d.Size}, direct, d.Missing}
	switch {
	case d.Type == Tree:
		r.way = walk
	case d.Tbl24 != 0:
	case cgo.ProcessType() == cgo.ProcPrimary:
		r.way = byC
	default:
		return r, errLayout(op, name)
	}
	return r, nil
}

func errLayout(op, name string) error {
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported,
		Detail: "this DPDK has tables of another layout, and C's lookup function has an address that is right in the primary only: use package lpm"}
}

func (k kind) info(h *routetable.Handle) (Info, error) {
	d, err := k.Describe(h)
	if err != nil {
		return Info{}, err
	}
	return d.info(h.Name(), k.Six), nil
}

func (d *description) info(name string, six bool) Info {
	i := Info{Name: name, IPv6: six, Type: d.Type, Missing: d.Missing, MaxRoutes: int(d.MaxRoutes), Routes: int(d.Routes)}
	if i.Type == Direct {
		i.EntrySize, i.Groups, i.GroupsInUse = 1<<d.Size, int(d.MaxGroups), int(d.Groups)
	}
	return i
}

func (k kind) add(h *routetable.Handle, routes []Route) (int, error) {
	return k.Add(h, len(routes), func(i int) routetable.Route { return routetable.Route(routes[i]) })
}

func (k kind) match(h *routetable.Handle, a netip.Addr) (Route, error) {
	var r *Route
	err := k.Call(h, k.opMatch, func(at uintptr) (err error) {
		if !a.IsValid() || a.Is6() != k.Six {
			return check.Invalid(k.opMatch, h.Name(), "%v is not an address of the family of the table", a)
		}
		if r, err = k.matches(h.Name(), match{at, a.WithZone("")}); err == nil && r == nil {
			err = &dpdk.Error{Op: k.opMatch, Name: h.Name(), Errno: dpdk.ErrNotFound, Detail: fmt.Sprintf("no route of the table contains %v", a)}
		}
		return err
	})
	if err != nil {
		return Route{}, err
	}
	return *r, nil
}

// fill stores the next hop of addresses without a route.
func (r *reader) fill(hops []uint64) {
	for i := range hops {
		hops[i] = r.missing
	}
}
