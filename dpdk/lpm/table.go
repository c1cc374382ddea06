package lpm

import (
	"fmt"
	"net/netip"
	"sync"
	"unsafe"

	clpm "github.com/godpdk/godpdk/cgo/lpm"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/rcu"
)

// MaxName is the maximum length of the name of a new table, in bytes. DPDK cuts the names that it makes
// from longer ones. [Lookup4] and [Lookup6] also find tables of C programs with up to 31 bytes.
const MaxName = clpm.NewNameSize - 1

// The largest next hops.
const (
	MaxNextHop4 = clpm.Hop
	MaxNextHop6 = clpm.MaxHop6
)

// Defaults of a Config.
const (
	defaultRoutes  = 1024
	defaultGroups4 = 256
	defaultGroups6 = 8192
)

// Config configures a new table. The zero value is a table for 1024 routes.
type Config struct {
	// MaxRoutes is the maximum number of routes (max_rules). 0 is 1024.
	MaxRoutes int
	// Groups is the number of groups of 256 entries (number_tbl8s), 1 KiB each. An IPv4 table needs a
	// group for each /24 network with longer prefixes in it. An IPv6 table needs up to one group
	// for each byte of a prefix after the third one, but prefixes with common bytes share groups. 0 is 256
	// for IPv4 and 8192 for IPv6. A table has 64 MiB without its groups.
	Groups int
	// Socket is the NUMA socket of the memory.
	Socket dpdk.SocketID
	// RCU lets changes wait for readers: see the documentation of the package. Readers of the table register with
	// this variable. Free the table before the variable.
	RCU *rcu.QSBR
}

func (c *Config) check(op, name string, six bool) error {
	groups, maxGroups := defaultGroups4, clpm.MaxGroups4
	if six {
		groups, maxGroups = defaultGroups6, clpm.MaxGroups6
	}
	if c.MaxRoutes == 0 {
		c.MaxRoutes = defaultRoutes
	}
	if c.Groups == 0 {
		c.Groups = groups
	}
	if c.MaxRoutes < 0 || c.MaxRoutes > clpm.MaxRoutes {
		return check.Invalid(op, name, "MaxRoutes is %d: use 1 to %d, or 0 for %d", c.MaxRoutes, clpm.MaxRoutes, defaultRoutes)
	}
	if c.Groups < 0 || c.Groups > maxGroups {
		return check.Invalid(op, name, "Groups is %d: use 1 to %d, or 0 for %d", c.Groups, maxGroups, groups)
	}
	if c.RCU != nil && c.RCU.Pointer() == nil {
		return check.Invalid(op, name, "the QSBR %q was freed: create one", c.RCU.Name())
	}
	return check.Socket(op, name, c.Socket)
}

// Route is a prefix and its next hop.
type Route struct {
	Prefix  netip.Prefix
	NextHop uint32
}

// Info describes a table.
type Info struct {
	Name string
	IPv6 bool
}

// List describes all tables of the file prefix.
func List() ([]Info, error) {
	var all []Info
	for _, c := range []*calls{calls4, calls6} {
		err := control.Call(c.op.find, "", func() error {
			names, err := c.names("", none{})
			for _, n := range names {
				all = append(all, Info{n, c.op.six})
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

// newHandle creates a table.
func (c *calls) newHandle(name string, cfg Config) (at unsafe.Pointer, err error) {
	if err := check.Name(c.op.create, name, clpm.NewNameSize); err != nil {
		return nil, err
	}
	if err := cfg.check(c.op.create, name, c.op.six); err != nil {
		return nil, err
	}
	a := newTable{Routes: uint32(cfg.MaxRoutes), Groups: uint32(cfg.Groups), Socket: cfg.Socket.Int()}
	if cfg.RCU != nil {
		a.RCU, a.V = cfg.RCU.Name(), uintptr(cfg.RCU.Pointer())
	}
	err = control.Call(c.op.create, name, func() error {
		t, err := c.create(name, a)
		at = address(t.At)
		return err
	})
	return at, secondary(control.ExplainCreate(err, cfg.Socket))
}

// lookup finds a table.
func (c *calls) lookup(name string) (at unsafe.Pointer, err error) {
	if err := check.Name(c.op.find, name, clpm.NameSize); err != nil {
		return nil, err
	}
	err = control.Call(c.op.find, name, func() error {
		t, err := c.find(name, none{})
		at = address(t.At)
		return err
	})
	return at, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
}

// address converts an address in shared memory, which the primary has sent as a number.
func address(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

// secondary explains the error of a change in a secondary of a C primary.
func secondary(err error) error {
	return control.Explain(err, dpdk.ErrSecondary, "only the primary can change tables, and this one is a C program: make the change there")
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
		return zero("rte_lpm_free")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	err := control.CallOn(h.c.op.free, h.name, h.at, func() error {
		_, err := h.c.free(h.name, table{uintptr(h.at)})
		return err
	})
	if err == nil {
		h.at = nil
		gone()
	}
	return secondary(err)
}

// info describes the table.
func (h *handle) info() (Info, error) {
	if h.c == nil {
		return Info{}, zero("rte_lpm_find_existing")
	}
	err := h.call(h.c.op.find, func(at uintptr) error {
		t, err := h.c.find(h.name, none{})
		if err == nil && t.At != at {
			return dpdk.ErrNotFound // a newer table of this name
		}
		return err
	})
	if err != nil {
		return Info{}, err
	}
	return Info{h.name, h.c.op.six}, nil
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
			if c.Routes[i], detail = ruleOf(r.Prefix, r.NextHop, h.c.op.six); detail != "" {
				return n, check.Invalid(op, h.name, "%s", detail)
			}
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
	switch p := routes[min(done.N, len(routes)-1)].Prefix; {
	case done.Detail != "":
		return done.Detail
	case done.Errno == int(dpdk.ErrNoSpace):
		return fmt.Sprintf("no room for %v: create the table with more MaxRoutes, or with more Groups", p)
	case done.Errno == int(dpdk.ErrNotFound):
		return fmt.Sprintf("the table has no route %v", p)
	default:
		return p.String()
	}
}

func (h *handle) add(routes []Route) (int, error) {
	if h.c == nil {
		return 0, zero("rte_lpm_add")
	}
	return h.change(h.c.op.add, routes, h.c.add)
}

func (h *handle) remove(p netip.Prefix) error {
	if h.c == nil {
		return zero("rte_lpm_delete")
	}
	_, err := h.change(h.c.op.remove, []Route{{p, 0}}, h.c.remove)
	return err
}

func (h *handle) removeAll() error {
	if h.c == nil {
		return zero("rte_lpm_delete_all")
	}
	return h.call(h.c.op.removeAll, func(at uintptr) error {
		_, err := h.c.removeAll(h.name, table{at})
		return err
	})
}

func (h *handle) nextHop(p netip.Prefix) (uint32, error) {
	if h.c == nil {
		return 0, zero("rte_lpm_is_rule_present")
	}
	op := h.c.op.has
	q, detail := ruleOf(p, 0, h.c.op.six)
	if detail != "" {
		return 0, check.Invalid(op, h.name, "%s", detail)
	}
	var r found
	err := h.call(op, func(at uintptr) (err error) {
		if r, err = h.c.route(h.name, change{at, []rule{q}}); err == nil && !r.OK {
			err = &dpdk.Error{Op: op, Name: h.name, Errno: dpdk.ErrNotFound, Detail: fmt.Sprintf("the table has no route %v", p)}
		}
		return err
	})
	return r.Hop, err
}

func (h *handle) pointer() unsafe.Pointer {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.at
}
