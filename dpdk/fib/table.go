package fib

import (
	"fmt"
	"math/bits"
	"net/netip"
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	cfib "github.com/godpdk/godpdk/cgo/fib"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
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

// Defaults of a Config.
const (
	defaultRoutes  = 1024
	defaultGroups4 = 256
	defaultGroups6 = 8192
	defaultSize    = 4
)

// MaxNextHop returns the largest next hop in an entry of 1, 2, 4 or 8 bytes. Tables of the type [Tree] have no limit.
func MaxNextHop(entrySize int) uint64 { return 1<<(8*uint(entrySize)-1) - 1 }

// maxGroups returns the largest number of groups: entries also have the numbers of groups, and with Config.RCU there are
// twice as many.
func maxGroups(entrySize int) uint32 {
	return uint32(min(MaxNextHop(entrySize), cfib.MaxGroups)-spare-1) / 2
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

func (c *Config) check(o *operations, name string) error {
	bad := func(format string, args ...any) error { return check.Invalid(o.create, name, format, args...) }
	smallest, groups := 1, defaultGroups4
	if o.six {
		smallest, groups = 2, defaultGroups6
	}
	if c.EntrySize == 0 {
		c.EntrySize = defaultSize
	}
	if bits.OnesCount(uint(c.EntrySize)) != 1 || c.EntrySize < smallest || c.EntrySize > 8 {
		return bad("EntrySize is %d: use a power of two from %d to 8, or 0 for %d", c.EntrySize, smallest, defaultSize)
	}
	most := int(maxGroups(c.EntrySize))
	if c.Groups == 0 {
		c.Groups = min(groups, most)
	}
	if c.MaxRoutes == 0 {
		c.MaxRoutes = defaultRoutes
	}
	switch {
	case c.Type > Tree:
		return bad("the type is %v: use Direct or Tree", c.Type)
	case c.MaxRoutes < 0 || c.MaxRoutes > cfib.MaxRoutes:
		return bad("MaxRoutes is %d: use 1 to %d, or 0 for %d", c.MaxRoutes, cfib.MaxRoutes, defaultRoutes)
	case c.Groups < 0 || c.Groups > most:
		return bad("Groups is %d: use 1 to %d, or a larger EntrySize", c.Groups, most)
	case c.Type == Direct && c.Missing > MaxNextHop(c.EntrySize):
		return bad("Missing is %d: use at most %d, or a larger EntrySize", c.Missing, MaxNextHop(c.EntrySize))
	case c.RCU != nil && c.RCU.Pointer() == nil:
		return bad("the QSBR %q was freed: create one", c.RCU.Name())
	case c.RCU != nil && c.Type == Tree:
		return bad("a tree cannot wait for readers: use Direct, or no RCU")
	case c.RCU != nil && !o.six && !cfib.RCU4, c.RCU != nil && o.six && !cfib.RCU6:
		return &dpdk.Error{Op: o.rcu, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: "it needs DPDK 24.11 for IPv4 and 25.11 for IPv6: use package lpm, or build a second table and let readers change over to it"}
	}
	return check.Socket(o.create, name, c.Socket)
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
	for _, c := range []*calls{calls4, calls6} {
		err := control.Call(c.op.find, "", func() error {
			names, err := c.names("", none{})
			for _, n := range names {
				t, err := c.find(n, none{})
				if err == nil {
					if i, err := c.info(n, t); err == nil {
						all = append(all, i)
					}
				} // else it was freed meanwhile
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// handle is what both types of tables have.
type handle struct {
	c    *calls
	name string
	mu   sync.RWMutex // held for writing by Free, for reading by control calls
	at   unsafe.Pointer
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
	arrays
	way     way
	missing uint64
}

// newHandle creates a table.
func (c *calls) newHandle(name string, cfg Config) (t table, err error) {
	if err := check.Name(c.op.create, name, cfib.NewNameSize); err != nil {
		return t, err
	}
	if err := cfg.check(c.op, name); err != nil {
		return t, err
	}
	a := newTable{Type: cfg.Type, Routes: uint32(cfg.MaxRoutes), Groups: uint32(cfg.Groups), Size: uint8(bits.TrailingZeros(uint(cfg.EntrySize))),
		Missing: cfg.Missing, Socket: cfg.Socket.Int()}
	if cfg.RCU != nil {
		a.RCU, a.V = cfg.RCU.Name(), uintptr(cfg.RCU.Pointer())
	}
	err = control.Call(c.op.create, name, func() error {
		t, err = c.create(name, a)
		return err
	})
	return t, secondary(control.ExplainCreate(err, cfg.Socket))
}

// lookup finds a table.
func (c *calls) lookup(name string) (t table, err error) {
	if err := check.Name(c.op.find, name, cfib.NameSize); err != nil {
		return t, err
	}
	err = control.Call(c.op.find, name, func() error {
		t, err = c.find(name, none{})
		return err
	})
	return t, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
}

// address converts an address in shared memory, which the primary has sent as a number.
func address(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

// reader returns how this process looks up addresses.
func (t *table) reader(op, name string) (reader, error) {
	r := reader{arrays{address(t.Tbl24), address(t.Tbl8), t.Size}, direct, t.Missing}
	switch {
	case t.Type == Tree:
		r.way = walk
	case t.Tbl24 != 0:
	case cgo.ProcessType() == cgo.ProcPrimary:
		r.way = byC
	default:
		return r, &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: "this DPDK has tables of another layout, and C's lookup function has an address that is right in the primary only: use package lpm"}
	}
	return r, nil
}

// secondary explains the error of a change in a secondary of a C primary.
func secondary(err error) error {
	return control.Explain(err, dpdk.ErrSecondary, "only a Go primary that imports this package can make and change tables: use one, or package lpm")
}

// call runs f, which makes a control call, unless the table was freed.
func (h *handle) call(op string, f func(at uintptr) error) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return secondary(control.CallOn(op, h.name, h.at, func() error { return f(uintptr(h.at)) }))
}

func zero(op string) error {
	return &dpdk.Error{Op: op, Errno: dpdk.ErrNotFound, Detail: "the table is a zero value: use Create4, Create6, Lookup4 or Lookup6"}
}

// free frees the table. gone runs when no handle of this process may use it any more.
func (h *handle) free(gone func()) error {
	if h.c == nil {
		return zero("rte_fib_free")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	err := control.CallOn(h.c.op.free, h.name, h.at, func() error {
		_, err := h.c.free(h.name, table{At: uintptr(h.at)})
		return err
	})
	if err == nil {
		h.at = nil
		gone()
	}
	return secondary(err)
}

// info describes the table.
func (h *handle) info() (i Info, err error) {
	if h.c == nil {
		return i, zero("rte_fib_find_existing")
	}
	err = h.call(h.c.op.find, func(at uintptr) error {
		i, err = h.c.info(h.name, table{At: at})
		return err
	})
	return i, err
}

// batch is the number of routes in one control call: others wait for it.
const batch = 1024

// change adds or deletes routes, and returns the number of those before the error.
func (h *handle) change(op string, routes []Route, f func(name string, c change) (changed, error)) (n int, err error) {
	for n < len(routes) {
		part := routes[n:min(n+batch, len(routes))]
		c := change{Routes: make([]rule, len(part))}
		for i, r := range part {
			var detail string
			if c.Routes[i], detail = ruleOf(r.Prefix, h.c.op.six); detail != "" {
				return n, check.Invalid(op, h.name, "%s", detail)
			}
			c.Routes[i].Hop = r.NextHop
		}
		var done changed
		err := h.call(op, func(at uintptr) (err error) {
			c.At = at
			if done, err = f(h.name, c); err == nil && done.Errno != 0 {
				err = &dpdk.Error{Op: op, Name: h.name, Errno: dpdk.Errno(done.Errno), Detail: explain(done, part)}
			}
			return err
		})
		n += done.N
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// explain describes the error of a change of one of the routes.
func explain(done changed, routes []Route) string {
	r := routes[min(done.N, len(routes)-1)]
	switch {
	case done.Detail != "":
		return done.Detail
	case done.Errno == int(dpdk.ErrNoSpace):
		return fmt.Sprintf("no room for %v: create the table with more MaxRoutes, or with more Groups", r.Prefix)
	case done.Errno == int(dpdk.ErrNotFound):
		return fmt.Sprintf("the table has no route %v", r.Prefix)
	case done.Errno == int(dpdk.ErrInvalid):
		return fmt.Sprintf("the next hop %d of %v is too large: create the table with a larger EntrySize", r.NextHop, r.Prefix)
	default:
		return r.Prefix.String()
	}
}

func (h *handle) add(routes []Route) (int, error) {
	if h.c == nil {
		return 0, zero("rte_fib_add")
	}
	return h.change(h.c.op.add, routes, h.c.add)
}

func (h *handle) remove(p netip.Prefix) error {
	if h.c == nil {
		return zero("rte_fib_delete")
	}
	_, err := h.change(h.c.op.remove, []Route{{p, 0}}, h.c.remove)
	return err
}

func (h *handle) nextHop(p netip.Prefix) (uint64, error) {
	if h.c == nil {
		return 0, zero("rte_rib_lookup_exact")
	}
	r, err := h.route(h.c.op.exact, p, h.c.exact, "the table has no route %v")
	return r.NextHop, err
}

func (h *handle) match(a netip.Addr) (Route, error) {
	if h.c == nil {
		return Route{}, zero("rte_rib_lookup")
	}
	p := netip.PrefixFrom(a.WithZone(""), a.BitLen())
	return h.route(h.c.op.matches, p, h.c.matches, "no route of the table contains %v")
}

// route returns the route that f finds.
func (h *handle) route(op string, p netip.Prefix, f func(string, change) (found, error), missing string) (Route, error) {
	q, detail := ruleOf(p, h.c.op.six)
	if detail != "" {
		return Route{}, check.Invalid(op, h.name, "%s", detail)
	}
	var r found
	err := h.call(op, func(at uintptr) (err error) {
		if r, err = f(h.name, change{at, []rule{q}}); err == nil && !r.OK {
			err = &dpdk.Error{Op: op, Name: h.name, Errno: dpdk.ErrNotFound, Detail: fmt.Sprintf(missing, p)}
		}
		return err
	})
	if err != nil {
		return Route{}, err
	}
	return Route{r.prefix(h.c.op.six), r.Hop}, nil
}

func (h *handle) pointer() unsafe.Pointer {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.at
}

// fill stores the next hop of addresses without a route.
func (r *reader) fill(hops []uint64) {
	for i := range hops {
		hops[i] = r.missing
	}
}
