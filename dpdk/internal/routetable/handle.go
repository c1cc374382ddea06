package routetable

import (
	"fmt"
	"net/netip"
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/rcu"
)

// Handle is a handle to a table in any process.
type Handle struct {
	name   string // "" in a zero value
	maxHop uint64
	mu     sync.RWMutex // held for writing by Free, for reading by control calls
	at     unsafe.Pointer
}

// NewHandle returns a handle to a table that Create or Lookup has found.
func NewHandle(name string, at unsafe.Pointer, maxHop uint64) Handle {
	return Handle{name: name, at: at, maxHop: maxHop}
}

// Name returns the name of the table.
func (h *Handle) Name() string { return h.name }

// Pointer returns the address of the table, or nil after Free.
func (h *Handle) Pointer() unsafe.Pointer {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.at
}

func (h *Handle) zero(op string) error {
	if h.name != "" {
		return nil
	}
	return &dpdk.Error{Op: op, Errno: dpdk.ErrNotFound, Detail: "the table is a zero value: use Create4, Create6, Lookup4 or Lookup6"}
}

// Address converts an address in shared memory, which the primary has sent as a number.
func Address(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

// Config is what the configurations of all tables have.
type Config struct {
	MaxRoutes, Groups int
	Socket            dpdk.SocketID
	RCU               *rcu.QSBR
}

// Size is a Config on its way to the primary.
type Size struct {
	Routes, Groups uint32
	Socket         int
	RCU            string // the name of a QSBR, or ""
	V              uintptr
}

// Defaults of a Config.
const (
	defaultRoutes  = 1024
	defaultGroups4 = 256
	defaultGroups6 = 8192
)

func (k *Kind[C, D]) size(name string, c Config, mostGroups int) (s Size, err error) {
	groups := defaultGroups4
	if k.Six {
		groups = defaultGroups6
	}
	groups = min(groups, mostGroups)
	if c.MaxRoutes == 0 {
		c.MaxRoutes = defaultRoutes
	}
	if c.Groups == 0 {
		c.Groups = groups
	}
	switch {
	case c.MaxRoutes < 0 || c.MaxRoutes > k.MaxRoutes:
		return s, check.Invalid(k.Op.Create, name, "MaxRoutes is %d: use 1 to %d, or 0 for %d", c.MaxRoutes, k.MaxRoutes, defaultRoutes)
	case c.Groups < 0 || c.Groups > mostGroups:
		return s, check.Invalid(k.Op.Create, name, "Groups is %d: use 1 to %d, 0 for %d%s", c.Groups, mostGroups, groups, k.Larger)
	case c.RCU != nil && c.RCU.Pointer() == nil:
		return s, check.Invalid(k.Op.Create, name, "the QSBR %q was freed: create one", c.RCU.Name())
	}
	s = Size{Routes: uint32(c.MaxRoutes), Groups: uint32(c.Groups), Socket: c.Socket.Int()}
	if c.RCU != nil {
		s.RCU, s.V = c.RCU.Name(), uintptr(c.RCU.Pointer())
	}
	return s, check.Socket(k.Op.Create, name, c.Socket)
}

// Create creates a table with at most mostGroups groups.
func (k *Kind[C, D]) Create(name string, c Config, mostGroups int, more C) (at unsafe.Pointer, d D, err error) {
	if err := check.Name(k.Op.Create, name, k.NewSize); err != nil {
		return nil, d, err
	}
	s, err := k.size(name, c, mostGroups)
	if err != nil {
		return nil, d, err
	}
	err = control.Call(k.Op.Create, name, func() error {
		f, err := k.create(name, newTable[C]{s, more})
		at, d = Address(f.At), f.More
		return err
	})
	return at, d, k.explain(control.ExplainCreate(err, c.Socket))
}

// Lookup finds a table.
func (k *Kind[C, D]) Lookup(name string) (at unsafe.Pointer, d D, err error) {
	if err := check.Name(k.Op.Find, name, k.NameSize); err != nil {
		return nil, d, err
	}
	err = control.Call(k.Op.Find, name, func() error {
		f, err := k.find(name, None{})
		at, d = Address(f.At), f.More
		return err
	})
	return at, d, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
}

// List returns the names of all tables.
func (k *Kind[C, D]) List() (all []string, err error) {
	err = control.Call(k.Op.Find, "", func() (err error) {
		all, err = k.names("", None{})
		return err
	})
	return all, err
}

// explain explains the error of a change in a secondary of a C primary.
func (k *Kind[C, D]) explain(err error) error {
	return control.Explain(err, dpdk.ErrSecondary, k.Secondary)
}

// Call runs f, which makes a control call, unless the table was freed.
func (k *Kind[C, D]) Call(h *Handle, op string, f func(at uintptr) error) error {
	if err := h.zero(op); err != nil {
		return err
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	return k.explain(control.CallOn(op, h.name, h.at, func() error { return f(uintptr(h.at)) }))
}

// Describe describes the table.
func (k *Kind[C, D]) Describe(h *Handle) (d D, err error) {
	err = k.Call(h, k.Op.Find, func(at uintptr) error {
		f, err := k.find(h.name, None{})
		if err == nil && f.At != at {
			return dpdk.ErrNotFound // a newer table of this name
		}
		d = f.More
		return err
	})
	return d, err
}

// Free frees the table. gone runs when no handle of this process may use it any more.
func (k *Kind[C, D]) Free(h *Handle, gone func()) error {
	if err := h.zero(k.Op.Free); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	err := control.CallOn(k.Op.Free, h.name, h.at, func() error {
		_, err := k.free(h.name, uintptr(h.at))
		return err
	})
	if err == nil {
		h.at = nil
		gone()
	}
	return k.explain(err)
}

// Add adds n routes in their order, and returns the number of those before the error, which is that of the next route.
func (k *Kind[C, D]) Add(h *Handle, n int, route func(i int) Route) (int, error) {
	return k.changeAll(h, k.Op.Add, n, route, k.add)
}

// Delete deletes a route.
func (k *Kind[C, D]) Delete(h *Handle, p netip.Prefix) error {
	_, err := k.changeAll(h, k.Op.Delete, 1, func(int) Route { return Route{Prefix: p} }, k.remove)
	return err
}

// batch is the number of routes in one control call: others wait for it.
const batch = 1024

// changeAll adds or deletes n routes, and returns the number of those before the error, which is that of the next route.
func (k *Kind[C, D]) changeAll(h *Handle, op string, n int, route func(i int) Route, f func(string, change) (changed, error)) (done int, err error) {
	if err := h.zero(op); err != nil {
		return 0, err
	}
	for done < n {
		c := change{Routes: make([]Route, 0, min(n-done, batch))}
		detail := ""
		for len(c.Routes) < cap(c.Routes) {
			r := route(done + len(c.Routes))
			if detail = k.accept(&r, h.maxHop); detail != "" {
				break // the routes before it come first
			}
			c.Routes = append(c.Routes, r)
		}
		if len(c.Routes) == 0 {
			return done, check.Invalid(op, h.name, "%s", detail)
		}
		var r changed
		err := k.Call(h, op, func(at uintptr) (err error) {
			c.At = at
			if r, err = f(h.name, c); err == nil && r.Errno != 0 {
				err = &dpdk.Error{Op: op, Name: h.name, Errno: dpdk.Errno(r.Errno), Detail: r.explain(c.Routes)}
			}
			return err
		})
		done += r.N
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// explain describes the error of a change of one of the routes.
func (r *changed) explain(routes []Route) string {
	switch p := routes[min(r.N, len(routes)-1)].Prefix; {
	case r.Detail != "":
		return r.Detail
	case r.Errno == int(dpdk.ErrNoSpace):
		return fmt.Sprintf("no room for %v: create the table with more MaxRoutes, or with more Groups", p)
	case r.Errno == int(dpdk.ErrNotFound):
		return fmt.Sprintf("the table has no route %v", p)
	default:
		return p.String()
	}
}

// NextHop returns the next hop of the route of exactly this prefix.
func (k *Kind[C, D]) NextHop(h *Handle, p netip.Prefix) (uint64, error) {
	op, q := k.Op.NextHop, Route{Prefix: p}
	if err := h.zero(op); err != nil {
		return 0, err
	}
	if detail := k.accept(&q, h.maxHop); detail != "" {
		return 0, check.Invalid(op, h.name, "%s", detail)
	}
	var r hop
	err := k.Call(h, op, func(at uintptr) (err error) {
		if r, err = k.nextHop(h.name, change{at, []Route{q}}); err == nil && !r.OK {
			err = &dpdk.Error{Op: op, Name: h.name, Errno: dpdk.ErrNotFound, Detail: fmt.Sprintf("the table has no route %v", p)}
		}
		return err
	})
	return r.Hop, err
}

// Bytes returns the address of a prefix as C gets it, in network order with 4 or 16 bytes, and its length.
func Bytes(p netip.Prefix) (b [16]byte, bits uint8) {
	copy(b[:], p.Addr().AsSlice())
	return b, uint8(p.Bits())
}
