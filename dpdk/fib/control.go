package fib

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	cfib "github.com/godpdk/godpdk/cgo/fib"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// The operations of both kinds of tables, by their rte_ functions.
type operations struct {
	six                                                  bool
	create, find, free, add, remove, exact, matches, rcu string
}

var (
	ops4 = operations{false, "rte_fib_create", "rte_fib_find_existing", "rte_fib_free", "rte_fib_add", "rte_fib_delete",
		"rte_rib_lookup_exact", "rte_rib_lookup", "rte_fib_rcu_qsbr_add"}
	ops6 = operations{true, "rte_fib6_create", "rte_fib6_find_existing", "rte_fib6_free", "rte_fib6_add", "rte_fib6_delete",
		"rte_rib6_lookup_exact", "rte_rib6_lookup", "rte_fib6_rcu_qsbr_add"}
)

func opsOf(six bool) *operations {
	if six {
		return &ops6
	}
	return &ops4
}

// The arguments of the calls that the primary makes. At is the address of the table, by which a handle
// finds out that its table was freed.
type (
	newTable struct {
		Type           Type
		Routes, Groups uint32
		Size           uint8 // an entry has 1 << Size bytes
		Missing        uint64
		Socket         int
		RCU            string // the name of a QSBR, or ""
		V              uintptr
	}
	// table is what a process needs for lookups.
	table struct {
		At          uintptr
		Tbl24, Tbl8 uintptr // 0 if lookups need C
		Type        Type
		Size        uint8
		Missing     uint64
	}
	change struct {
		At     uintptr
		Routes []rule
	}
	rule struct {
		Addr [16]byte
		Bits uint8
		Hop  uint64
	}
	// changed has the number of routes that were changed before the error.
	changed struct {
		N      int
		Errno  int
		Detail string
	}
	found struct {
		rule
		OK bool
	}
	none struct{}
)

// calls are the control calls of one kind of tables. Each runs in the primary.
type calls struct {
	create         func(name string, a newTable) (table, error)
	find           func(name string, _ none) (table, error)
	info           func(name string, t table) (Info, error)
	free           func(name string, t table) (none, error)
	add, remove    func(name string, c change) (changed, error)
	exact, matches func(name string, c change) (found, error)
	names          func(name string, _ none) ([]string, error)
	op             *operations
}

var calls4, calls6 = newCalls(&ops4), newCalls(&ops6)

func newCalls(o *operations) *calls {
	six := o.six
	changing := func(op string, f func(w *writer, routes []rule) changed) func(string, change) (changed, error) {
		return delegate.Func(op, func(_ delegate.Owner, name string, c change) (r changed, err error) {
			err = with(six, name, c.At, func(w *writer) error { r = f(w, c.Routes); return nil })
			return r, err
		})
	}
	finding := func(op string, f func(at cfib.FIB, addr *[16]byte, bits uint8) cfib.Route) func(string, change) (found, error) {
		return delegate.Func(op, func(_ delegate.Owner, name string, c change) (r found, err error) {
			err = with(six, name, c.At, func(w *writer) error {
				if len(c.Routes) != 1 || !w.valid(&c.Routes[0]) {
					return dpdk.ErrInvalid
				}
				got := f(w.at, &c.Routes[0].Addr, c.Routes[0].Bits)
				r = found{rule{got.Addr, got.Bits, got.Hop}, got.Found}
				return nil
			})
			return r, err
		})
	}
	return &calls{
		op: o,
		create: delegate.Func(o.create, func(_ delegate.Owner, name string, a newTable) (table, error) {
			return create(six, name, a)
		}),
		find: delegate.Func(o.find, func(_ delegate.Owner, name string, _ none) (t table, err error) {
			at := cfib.Find(six, name)
			if at == nil {
				return t, dpdk.ErrNotFound
			}
			if cgo.ProcessType() != cgo.ProcPrimary {
				return t, &dpdk.Error{Op: o.find, Name: name, Errno: dpdk.ErrUnsupported,
					Detail: "the primary is a C program or another godpdk, and only it knows the layout of its tables: use package lpm, or a Go primary"}
			}
			err = with(six, name, uintptr(at), func(w *writer) error { t = w.table; return nil })
			return t, err
		}),
		info: delegate.Func(o.find+" for Info", func(_ delegate.Owner, name string, t table) (i Info, err error) {
			err = with(six, name, t.At, func(w *writer) error { i = w.info(name); return nil })
			return i, err
		}),
		free: delegate.Func(o.free, func(_ delegate.Owner, name string, t table) (none, error) {
			return none{}, with(six, name, t.At, func(w *writer) error { return w.free(name) })
		}),
		add:    changing(o.add, (*writer).add),
		remove: changing(o.remove, (*writer).remove),
		exact: finding(o.exact, func(at cfib.FIB, addr *[16]byte, bits uint8) cfib.Route {
			return cfib.Exact(six, at, addr, bits)
		}),
		matches: finding(o.matches, func(at cfib.FIB, addr *[16]byte, _ uint8) cfib.Route { return cfib.Match(six, at, addr) }),
		names: delegate.Func(o.find+" of all", func(delegate.Owner, string, none) ([]string, error) {
			return names(six), nil
		}),
	}
}

// writer is what the primary knows of a table that Go has made. C does not allow two changes at a time.
type writer struct {
	mu  sync.Mutex
	six bool
	state
}

type state struct {
	at       cfib.FIB // nil if no table exists
	table    table
	reserved unsafe.Pointer // DPDK's number of groups, or nil if godpdk does not count them
	maxRoutes, routes,
	maxGroups, groups uint32
	rcu  string         // the name of its QSBR, or ""
	v    unsafe.Pointer // the QSBR
	last uint64         // the token of the last grace period for groups that a change may have made free, or 0
}

type key struct {
	six  bool
	name string
}

// writers are those of the tables that this process has made.
var writers struct {
	sync.Mutex
	of map[key]*writer
}

// lock returns the writer of a table, locked.
func lock(k key) *writer {
	for {
		w := writerOf(k)
		w.mu.Lock()
		if writerOf(k) == w {
			return w
		}
		w.mu.Unlock() // the table was freed meanwhile, and a new one may exist
	}
}

func writerOf(k key) *writer {
	writers.Lock()
	defer writers.Unlock()
	w := writers.of[k]
	if w == nil {
		if writers.of == nil {
			writers.of = map[key]*writer{}
		}
		w = &writer{six: k.six}
		writers.of[k] = w
	}
	return w
}

// forget removes the writer of a table that does not exist. The caller has locked it.
func forget(k key) {
	writers.Lock()
	defer writers.Unlock()
	delete(writers.of, k)
}

// names returns the names of the tables that Go has made, and that exist.
func names(six bool) (all []string) {
	writers.Lock()
	defer writers.Unlock()
	for k := range writers.of {
		if k.six == six && cfib.Find(six, k.name) != nil {
			all = append(all, k.name)
		}
	}
	return all
}

// with runs f on a table if it is still at the address and Go has made it.
func with(six bool, name string, at uintptr, f func(*writer) error) error {
	if cgo.ProcessType() != cgo.ProcPrimary {
		return dpdk.ErrSecondary
	}
	k := key{six, name}
	w := lock(k)
	defer w.mu.Unlock()
	now := cfib.Find(six, name)
	if w.at == nil || now != w.at {
		forget(k)
	}
	switch {
	case now == nil || uintptr(now) != at:
		return dpdk.ErrNotFound
	case now != w.at:
		return &dpdk.Error{Op: opsOf(six).find, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: "C code made this table, and only that code knows its layout: create it with this package, or use package lpm"}
	}
	if w.v != nil {
		if v, _, errno := cgo.RCULookup(w.rcu); errno != 0 || v != w.v {
			return &dpdk.Error{Op: opsOf(six).find, Name: name, Errno: dpdk.ErrBusy,
				Detail: fmt.Sprintf("its QSBR %q was freed: free tables before their QSBR", w.rcu)}
		}
	}
	return f(w)
}

// spare is the number of groups beyond those that the routes of a table need: DPDK takes some in the middle of a change.
const spare = 16

// unknownLayout is true in tests of a DPDK with another layout of the arrays.
var unknownLayout bool

func create(six bool, name string, a newTable) (t table, err error) {
	if cgo.ProcessType() != cgo.ProcPrimary {
		return t, dpdk.ErrSecondary
	}
	// A handle has checked these before. The message of another process may have any content.
	if len(name) >= cfib.NewNameSize || a.Type > Tree || a.Size > 3 || six && a.Size == 0 || a.Routes == 0 || a.Routes > cfib.MaxRoutes ||
		a.Groups == 0 || a.Groups > maxGroups(1<<a.Size) || a.Type == Direct && a.Missing > MaxNextHop(1<<a.Size) {
		return t, dpdk.ErrInvalid
	}
	groups := uint32(0)
	if a.Type == Direct {
		groups = a.Groups + spare
		if a.RCU != "" { // as many may wait for readers
			groups += a.Groups
		}
	}
	if a.RCU != "" {
		v, _, errno := cgo.RCULookup(a.RCU)
		if errno != 0 || uintptr(v) != a.V {
			return t, &dpdk.Error{Op: opsOf(six).create, Name: name, Errno: dpdk.ErrInvalid, Detail: fmt.Sprintf("the QSBR %q was freed", a.RCU)}
		}
	}
	k := key{six, name}
	w := lock(k)
	defer w.mu.Unlock()
	m, errno := cfib.Create(six, name, a.Socket, a.Missing, a.Routes, groups, uint32(a.Size))
	if errno != 0 {
		if cfib.Find(six, name) == nil {
			forget(k)
		}
		return t, control.Errno(errno)
	}
	if unknownLayout {
		m.Tbl24, m.Tbl8, m.Reserved = nil, nil, nil
	}
	w.state = state{at: m.FIB, reserved: m.Reserved, maxRoutes: a.Routes, maxGroups: a.Groups,
		table: table{uintptr(m.FIB), uintptr(m.Tbl24), uintptr(m.Tbl8), a.Type, a.Size, a.Missing}}
	if a.RCU != "" {
		w.rcu, w.v = a.RCU, *(*unsafe.Pointer)(unsafe.Pointer(&a.V))
		if errno := cfib.AddRCU(six, m.FIB, w.v, groups); errno != 0 {
			cfib.Free(six, name, m.FIB)
			forget(k)
			return t, &dpdk.Error{Op: opsOf(six).rcu, Name: name, Errno: dpdk.Errno(errno)}
		}
	}
	return w.table, nil
}

func (w *writer) info(name string) Info {
	i := Info{Name: name, IPv6: w.six, Type: w.table.Type, Missing: w.table.Missing, MaxRoutes: int(w.maxRoutes), Routes: int(w.routes)}
	if i.Type == Direct {
		i.EntrySize, i.Groups, i.GroupsInUse = 1<<w.table.Size, int(w.maxGroups), int(w.groups)
	}
	return i
}

// start begins a grace period.
func (w *writer) start() uint64 { return (*atomic.Uint64)(unsafe.Add(w.v, cgo.RCUToken)).Add(1) }

func (w *writer) free(name string) error {
	op := opsOf(w.six)
	if w.v != nil && !cgo.RCUCheck(w.v, w.start()) {
		return &dpdk.Error{Op: op.free, Name: name, Errno: dpdk.ErrAgain,
			Detail: fmt.Sprintf("readers of %q may still use it: wait with Synchronize, and try again", w.rcu)}
	}
	errno := telserver.Exclude(func() int { return cfib.Free(w.six, name, w.at) }) // it ends a pool
	if errno == 0 {
		forget(key{w.six, name})
	}
	return control.Errno(errno)
}

// reuse is the time for which a change waits for readers that may be in groups that changes before have made free.
const reuse = time.Second

// settle waits until no reader is in such a group.
func (w *writer) settle() bool {
	if w.last == 0 {
		return true
	}
	var turns wait.Backoff
	for until := time.Now().Add(reuse); !cgo.RCUCheck(w.v, w.last); turns.Turn() {
		if time.Now().After(until) {
			return false
		}
	}
	w.last = 0
	return true
}

// change runs f on each route until one fails.
func (w *writer) change(routes []rule, f func(*rule) int) (r changed) {
	for i := range routes {
		q := &routes[i]
		if !w.valid(q) {
			r.Errno = int(dpdk.ErrInvalid)
			return r
		}
		if w.v != nil && !w.settle() {
			return changed{r.N, int(dpdk.ErrAgain), fmt.Sprintf("readers of %q may still use what a change before has freed: they must call Quiescent or Offline", w.rcu)}
		}
		if r.Errno = f(q); r.Errno != 0 {
			return r
		}
		r.N++
		if w.v != nil {
			w.last = w.start()
		}
	}
	return r
}

func (w *writer) add(routes []rule) changed {
	return w.change(routes, func(q *rule) int {
		c := cfib.Add(w.six, w.at, w.reserved, w.routes < w.maxRoutes, w.maxGroups-w.groups, &q.Addr, q.Bits, q.Hop)
		if c.Errno == 0 && !c.Existed {
			w.routes++
			w.count(int(c.Groups))
		}
		return c.Errno
	})
}

func (w *writer) remove(routes []rule) changed {
	return w.change(routes, func(q *rule) int {
		c := cfib.Delete(w.six, w.at, w.reserved, &q.Addr, q.Bits, w.table.Missing)
		if c.Errno == 0 {
			w.routes--
			w.count(-int(c.Groups))
		}
		return c.Errno
	})
}

// count counts groups. A table without groups, or one that leaves them to DPDK, has none.
func (w *writer) count(n int) {
	if w.reserved != nil {
		w.groups = uint32(int(w.groups) + n)
	}
}

// valid reports whether C can use the route, which may come from another process.
func (w *writer) valid(r *rule) bool {
	bits := uint8(32)
	if w.six {
		bits = 128
	}
	return r.Bits <= bits && (w.table.Type == Tree || r.Hop <= MaxNextHop(1<<w.table.Size))
}

// ruleOf checks a prefix, and converts it.
func ruleOf(p netip.Prefix, six bool) (r rule, detail string) {
	family := "IPv4"
	if six {
		family = "IPv6"
	}
	switch {
	case !p.IsValid():
		return r, "the prefix is not valid"
	case p.Addr().Is4() == six:
		return r, fmt.Sprintf("%v is not an %s prefix: use a table of its family", p, family)
	}
	r.Bits = uint8(p.Bits())
	if six {
		r.Addr = p.Masked().Addr().As16()
	} else {
		b := p.Masked().Addr().As4()
		copy(r.Addr[:], b[:])
	}
	return r, ""
}

// prefix converts a route of C.
func (r *rule) prefix(six bool) netip.Prefix {
	if six {
		return netip.PrefixFrom(netip.AddrFrom16(r.Addr), int(r.Bits))
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte(r.Addr[:])), int(r.Bits))
}
