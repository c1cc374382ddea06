package lpm

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	clpm "github.com/godpdk/godpdk/cgo/lpm"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// The operations of both kinds of tables, by their rte_ functions.
type operations struct {
	six                                                  bool
	create, find, free, add, remove, removeAll, has, rcu string
}

var (
	ops4 = operations{false, "rte_lpm_create", "rte_lpm_find_existing", "rte_lpm_free", "rte_lpm_add", "rte_lpm_delete",
		"rte_lpm_delete_all", "rte_lpm_is_rule_present", "rte_lpm_rcu_qsbr_add"}
	ops6 = operations{true, "rte_lpm6_create", "rte_lpm6_find_existing", "rte_lpm6_free", "rte_lpm6_add", "rte_lpm6_delete",
		"rte_lpm6_delete_all", "rte_lpm6_is_rule_present", ""}
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
		Routes, Groups uint32
		Socket         int
		RCU            string // the name of a QSBR, or ""
		V              uintptr
	}
	table struct {
		At uintptr
	}
	change struct {
		At     uintptr
		Routes []rule
	}
	rule struct {
		Addr [16]byte
		Bits uint8
		Hop  uint32
	}
	// changed has the number of routes that were changed before the error.
	changed struct {
		N      int
		Errno  int
		Detail string
	}
	found struct {
		Hop uint32
		OK  bool
	}
	none struct{}
)

// calls are the control calls of one kind of tables. Each runs in the primary.
type calls struct {
	create      func(name string, a newTable) (table, error)
	find        func(name string, _ none) (table, error)
	free        func(name string, t table) (none, error)
	add, remove func(name string, c change) (changed, error)
	removeAll   func(name string, t table) (none, error)
	route       func(name string, c change) (found, error)
	names       func(name string, _ none) ([]string, error)
	op          *operations
}

var calls4, calls6 = newCalls(&ops4), newCalls(&ops6)

func newCalls(o *operations) *calls {
	six := o.six
	return &calls{
		op: o,
		create: delegate.Func(o.create, func(_ delegate.Owner, name string, a newTable) (table, error) {
			return create(six, name, a)
		}),
		find: delegate.Func(o.find, func(_ delegate.Owner, name string, _ none) (table, error) {
			at := clpm.Find(six, name)
			if at == nil {
				return table{}, dpdk.ErrNotFound
			}
			return table{uintptr(at)}, nil
		}),
		free: delegate.Func(o.free, func(_ delegate.Owner, name string, t table) (none, error) {
			return none{}, with(six, name, t.At, func(w *writer) error { return w.free(six, name) })
		}),
		add: delegate.Func(o.add, func(_ delegate.Owner, name string, c change) (r changed, err error) {
			err = with(six, name, c.At, func(w *writer) error { r = w.add(six, c.Routes); return nil })
			return r, err
		}),
		remove: delegate.Func(o.remove, func(_ delegate.Owner, name string, c change) (r changed, err error) {
			err = with(six, name, c.At, func(w *writer) error { r = w.remove(six, c.Routes); return nil })
			return r, err
		}),
		removeAll: delegate.Func(o.removeAll, func(_ delegate.Owner, name string, t table) (none, error) {
			return none{}, with(six, name, t.At, func(w *writer) error { return w.removeAll(six, name) })
		}),
		route: delegate.Func(o.has, func(_ delegate.Owner, name string, c change) (r found, err error) {
			err = with(six, name, c.At, func(w *writer) error {
				if len(c.Routes) != 1 || !c.Routes[0].valid(six) {
					return dpdk.ErrInvalid
				}
				q := &c.Routes[0]
				r.Hop, r.OK = clpm.Route(six, w.at, &q.Addr, q.Bits)
				return nil
			})
			return r, err
		}),
		names: delegate.Func(o.find+" of all", func(delegate.Owner, string, none) ([]string, error) {
			return clpm.Names(six), nil
		}),
	}
}

// valid reports whether C can use the route, which may come from another process.
func (r *rule) valid(six bool) bool {
	bits, hop := uint8(32), uint32(MaxNextHop4)
	if six {
		bits, hop = 128, MaxNextHop6
	}
	return r.Bits >= 1 && r.Bits <= bits && r.Hop <= hop
}

// writer is what the primary knows of a table. C does not allow two changes at a time.
type writer struct {
	mu   sync.Mutex
	at   clpm.LPM
	rcu  string         // the name of its QSBR, or ""
	v    unsafe.Pointer // the QSBR
	last uint64         // the token of the last grace period for groups that Delete has made free, or 0
	// The token of a Free that had to wait for readers, or 0.
	ending uint64
}

type key struct {
	six  bool
	name string
}

// writers are those of the tables that this process has changed.
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
		w = new(writer)
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

// with runs f on a table if it is still at the address. Tables hold addresses of functions of the process
// that made them, so only the primary changes them.
func with(six bool, name string, at uintptr, f func(*writer) error) error {
	if cgo.ProcessType() != cgo.ProcPrimary {
		return dpdk.ErrSecondary
	}
	k := key{six, name}
	w := lock(k)
	defer w.mu.Unlock()
	now := clpm.Find(six, name)
	if now == nil {
		forget(k)
	}
	if now == nil || uintptr(now) != at {
		return dpdk.ErrNotFound
	}
	if w.at != now { // the first change, or a new table of this name
		w.at, w.rcu, w.v, w.last, w.ending = now, "", nil, 0, 0
	}
	if w.v != nil {
		if v, _, errno := cgo.RCULookup(w.rcu); errno != 0 || v != w.v {
			return &dpdk.Error{Op: opsOf(six).find, Name: name, Errno: dpdk.ErrBusy,
				Detail: fmt.Sprintf("its QSBR %q was freed: free tables before their QSBR", w.rcu)}
		}
	}
	return f(w)
}

func create(six bool, name string, a newTable) (table, error) {
	if cgo.ProcessType() != cgo.ProcPrimary {
		return table{}, dpdk.ErrSecondary
	}
	// A handle has checked these before. The message of another process may have any content.
	if len(name) >= clpm.NewNameSize || a.Routes > clpm.MaxRoutes || a.Groups > clpm.MaxGroups4 {
		return table{}, dpdk.ErrInvalid
	}
	if a.RCU != "" {
		v, _, errno := cgo.RCULookup(a.RCU)
		if errno != 0 || uintptr(v) != a.V {
			return table{}, &dpdk.Error{Op: opsOf(six).create, Name: name, Errno: dpdk.ErrInvalid, Detail: fmt.Sprintf("the QSBR %q was freed", a.RCU)}
		}
	}
	k := key{six, name}
	w := lock(k)
	defer w.mu.Unlock()
	at, errno := clpm.Create(six, name, a.Socket, a.Routes, a.Groups)
	if errno != 0 {
		if clpm.Find(six, name) == nil {
			forget(k)
		}
		return table{}, control.Errno(errno)
	}
	w.at, w.rcu, w.v, w.last, w.ending = at, "", nil, 0, 0
	if a.RCU != "" {
		w.rcu, w.v = a.RCU, *(*unsafe.Pointer)(unsafe.Pointer(&a.V))
		if !six {
			if errno := clpm.AddRCU(at, w.v); errno != 0 {
				clpm.Free(six, name, at)
				forget(k)
				return table{}, &dpdk.Error{Op: ops4.rcu, Name: name, Errno: dpdk.Errno(errno)}
			}
		}
	}
	return table{uintptr(at)}, nil
}

// start begins a grace period.
func (w *writer) start() uint64 { return (*atomic.Uint64)(unsafe.Add(w.v, cgo.RCUToken)).Add(1) }

func (w *writer) free(six bool, name string) error {
	if w.v != nil && w.ending == 0 {
		w.ending = w.start()
	}
	if w.v != nil && !cgo.RCUCheck(w.v, w.ending) {
		return &dpdk.Error{Op: opsOf(six).free, Name: name, Errno: dpdk.ErrAgain,
			Detail: fmt.Sprintf("readers of %q may still use it: wait with Synchronize, and try again", w.rcu)}
	}
	errno := telserver.Exclude(func() int { return clpm.Free(six, name, w.at) }) // it may end rings
	if errno == 0 {
		forget(key{six, name})
	}
	return control.Errno(errno)
}

// reuse is the time for which Add waits for readers that may be in groups that Delete has made free.
const reuse = time.Second

// settle waits until no reader is in a group of an IPv6 table that is free: rte_lpm6 knows no RCU.
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

func (w *writer) add(six bool, routes []rule) (r changed) {
	w.ending = 0 // the table is in use
	if six && w.v != nil && !w.settle() {
		return changed{0, int(dpdk.ErrAgain), fmt.Sprintf("readers of %q may still use what Delete has freed: they must call Quiescent or Offline", w.rcu)}
	}
	for i := range routes {
		q := &routes[i]
		if !q.valid(six) {
			r.Errno = int(dpdk.ErrInvalid)
			return r
		}
		if r.Errno = clpm.Add(six, w.at, &q.Addr, q.Bits, q.Hop); r.Errno != 0 {
			return r
		}
		r.N++
	}
	return r
}

func (w *writer) remove(six bool, routes []rule) (r changed) {
	w.ending = 0 // the table is in use
	for i := range routes {
		q := &routes[i]
		if !q.valid(six) {
			r.Errno = int(dpdk.ErrInvalid)
			return r
		}
		// C's error for a route that does not exist depends on the release.
		if _, ok := clpm.Route(six, w.at, &q.Addr, q.Bits); !ok {
			r.Errno = int(dpdk.ErrNotFound)
			return r
		}
		if r.Errno = clpm.Delete(six, w.at, &q.Addr, q.Bits); r.Errno != 0 {
			return r
		}
		r.N++
		if six && w.v != nil {
			w.last = w.start()
		}
	}
	return r
}

func (w *writer) removeAll(six bool, name string) error {
	if w.v != nil {
		return &dpdk.Error{Op: opsOf(six).removeAll, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: "DPDK does not wait for readers here: delete the routes one by one, or create the table without Config.RCU"}
	}
	clpm.DeleteAll(six, w.at)
	return nil
}

// ruleOf checks a prefix and a next hop, and converts them.
func ruleOf(p netip.Prefix, hop uint32, six bool) (r rule, detail string) {
	family, maxHop := "IPv4", uint32(MaxNextHop4)
	if six {
		family, maxHop = "IPv6", MaxNextHop6
	}
	switch {
	case !p.IsValid():
		return r, "the prefix is not valid"
	case p.Addr().Is4() == six:
		return r, fmt.Sprintf("%v is not an %s prefix: use a table of its family", p, family)
	case p.Bits() == 0:
		return r, fmt.Sprintf("%v is the default route, which DPDK's tables cannot hold: use its next hop when a lookup finds none", p)
	case hop > maxHop:
		return r, fmt.Sprintf("the next hop %d is too large: use at most %d", hop, maxHop)
	}
	r.Bits, r.Hop = uint8(p.Bits()), hop
	if six {
		r.Addr = p.Masked().Addr().As16()
	} else {
		b := p.Masked().Addr().As4()
		copy(r.Addr[:], b[:])
	}
	return r, ""
}
