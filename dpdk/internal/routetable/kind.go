package routetable

import (
	"fmt"
	"net/netip"
	"sync"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// Ops are the rte_ functions behind the operations, for errors.
type Ops struct {
	Create, Find, Free, Add, Delete, NextHop, RCU string
}

// Library creates tables. C is the part of their configuration that is particular to them, and D is what a process needs for lookups
// besides the address of the table. Both are encoded as JSON.
type Library[C, D any] interface {
	Find(name string) unsafe.Pointer
	Free(name string, at unsafe.Pointer) int
	// Create creates a table in the primary, for a handle of the process by. The message of that process may have any content. A table
	// that it returns with an error is freed.
	Create(by delegate.Owner, name string, s *Size, more C, r *Readers) (at unsafe.Pointer, t Table, d D, err error)
}

// Table is a table in the primary, which calls one method at a time. Prefixes are masked and of the right family.
type Table interface {
	MaxHop() uint64
	// Add and Delete return an error number. It is dpdk.ErrAgain if Readers.Settle has returned false.
	Add(p netip.Prefix, hop uint64) int
	Delete(p netip.Prefix) int
	NextHop(p netip.Prefix) (hop uint64, ok bool)
}

// Kind is one kind of tables.
type Kind[C, D any] struct {
	C         Library[C, D]
	Op        Ops
	Six       bool
	NameSize  int // of names that Find knows, with the final NUL
	NewSize   int // of names of new tables
	MaxRoutes int
	NoDefault bool   // the tables cannot hold the default route
	Larger    string // what makes room for larger next hops and more groups, after the values that are possible
	Secondary string // what to do if the primary is a C program
	// Adopt returns a table that C code has made. Without it such tables cannot be used: only that code knows their layout.
	Adopt func(at unsafe.Pointer) Table
	// Names returns the names of all tables, if C code may have made some.
	Names func() []string

	create      func(name string, a newTable[C]) (found[D], error)
	find        func(name string, _ None) (found[D], error)
	free        func(name string, at uintptr) (None, error)
	add, remove func(name string, c change) (changed, error)
	nextHop     func(name string, c change) (hop, error)
	names       func(name string, _ None) ([]string, error)

	mu      sync.Mutex
	writers map[string]*writer[D] // those of the tables that this process has created or changed
}

// The arguments and results of the calls that the primary makes. At is the address of the table, by which a handle
// finds out that its table was freed.
type (
	newTable[C any] struct {
		Size
		More C
	}
	found[D any] struct {
		At   uintptr
		More D
	}
	change struct {
		At     uintptr
		Routes []Route
	}
	// changed has the number of routes that were changed before the error.
	changed struct {
		N      int
		Errno  int
		Detail string
	}
	hop struct {
		Hop uint64
		OK  bool
	}
	// Route is a prefix and its next hop.
	Route struct {
		Prefix  netip.Prefix
		NextHop uint64
	}
	// None is no argument or result.
	None struct{}
)

// New completes a kind. Call it only to initialize a package variable: see delegate.Func.
func New[C, D any](k *Kind[C, D]) *Kind[C, D] {
	changing := func(op string, f func(t Table, r *Route) int) func(string, change) (changed, error) {
		return delegate.Func(op, func(_ delegate.Owner, name string, c change) (r changed, err error) {
			err = k.with(name, c.At, func(w *writer[D]) error { r = k.change(w, c.Routes, f); return nil })
			return r, err
		})
	}
	k.create = delegate.Func(k.Op.Create, k.createTable)
	k.find = delegate.Func(k.Op.Find, func(_ delegate.Owner, name string, _ None) (found[D], error) { return k.findTable(name) })
	k.free = delegate.Func(k.Op.Free, func(_ delegate.Owner, name string, at uintptr) (None, error) {
		return None{}, k.with(name, at, func(w *writer[D]) error { return k.freeTable(w, name) })
	})
	k.add = changing(k.Op.Add, func(t Table, r *Route) int { return t.Add(r.Prefix, r.NextHop) })
	k.remove = changing(k.Op.Delete, func(t Table, r *Route) int { return t.Delete(r.Prefix) })
	k.nextHop = delegate.Func(k.Op.NextHop, func(_ delegate.Owner, name string, c change) (r hop, err error) {
		err = k.with(name, c.At, func(w *writer[D]) error {
			if len(c.Routes) != 1 || k.accept(&c.Routes[0], w.table.MaxHop()) != "" {
				return dpdk.ErrInvalid
			}
			r.Hop, r.OK = w.table.NextHop(c.Routes[0].Prefix)
			return nil
		})
		return r, err
	})
	k.names = delegate.Func(k.Op.Find+" of all", func(delegate.Owner, string, None) ([]string, error) {
		if k.Names != nil {
			return k.Names(), nil
		}
		return k.made(), nil
	})
	return k
}

// writer is what the primary knows of a table. C does not allow two changes at a time.
type writer[D any] struct {
	mu    sync.Mutex
	at    unsafe.Pointer // nil if no table exists
	table Table
	more  D
	*Readers
}

// lock returns the writer of a table, locked.
func (k *Kind[C, D]) lock(name string) *writer[D] {
	for {
		w := k.writer(name)
		w.mu.Lock()
		if k.writer(name) == w {
			return w
		}
		w.mu.Unlock() // the table was freed meanwhile, and a new one may exist
	}
}

func (k *Kind[C, D]) writer(name string) *writer[D] {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := k.writers[name]
	if w == nil {
		if k.writers == nil {
			k.writers = map[string]*writer[D]{}
		}
		w = new(writer[D])
		k.writers[name] = w
	}
	return w
}

// forget removes the writer of a table that does not exist. The caller has locked it.
func (k *Kind[C, D]) forget(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.writers, name)
}

// made returns the names of the tables that this process has created, and that exist.
func (k *Kind[C, D]) made() (all []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name := range k.writers {
		if k.C.Find(name) != nil {
			all = append(all, name)
		}
	}
	return all
}

// with runs f on a table if it is still at the address. Tables hold addresses of functions of the process
// that made them, so only the primary changes them.
func (k *Kind[C, D]) with(name string, at uintptr, f func(*writer[D]) error) error {
	if cgo.ProcessType() != cgo.ProcPrimary {
		return dpdk.ErrSecondary
	}
	w := k.lock(name)
	defer w.mu.Unlock()
	now := k.C.Find(name)
	switch {
	case now == nil || now != w.at && k.Adopt == nil:
		k.forget(name)
	case now != w.at: // the first change of a table of C
		w.at, w.table, w.Readers = now, k.Adopt(now), new(Readers)
	}
	switch {
	case now == nil || uintptr(now) != at:
		return dpdk.ErrNotFound
	case now != w.at:
		return &dpdk.Error{Op: k.Op.Find, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: "C code made this table, and only that code knows its layout: create it with this package, or use package lpm"}
	case !w.alive():
		return &dpdk.Error{Op: k.Op.Find, Name: name, Errno: dpdk.ErrBusy,
			Detail: fmt.Sprintf("its QSBR %q was freed: free tables before their QSBR", w.name)}
	}
	return f(w)
}

// On runs f in the primary on a table of the type T, if it is still at the address.
func On[T Table, C, D any](k *Kind[C, D], name string, at uintptr, f func(t T) error) error {
	return k.with(name, at, func(w *writer[D]) error { return f(w.table.(T)) })
}

func (k *Kind[C, D]) createTable(by delegate.Owner, name string, a newTable[C]) (f found[D], err error) {
	if cgo.ProcessType() != cgo.ProcPrimary {
		return f, dpdk.ErrSecondary
	}
	// A handle has checked the size before. The message of another process may have any content.
	if len(name) >= k.NewSize || a.Routes == 0 || int64(a.Routes) > int64(k.MaxRoutes) || a.Groups == 0 {
		return f, dpdk.ErrInvalid
	}
	r := NewReaders(a.RCU, Address(a.V))
	if !r.alive() {
		return f, &dpdk.Error{Op: k.Op.Create, Name: name, Errno: dpdk.ErrInvalid, Detail: fmt.Sprintf("the QSBR %q was freed", a.RCU)}
	}
	w := k.lock(name)
	defer w.mu.Unlock()
	at, t, d, err := k.C.Create(by, name, &a.Size, a.More, r)
	if err != nil {
		if at != nil {
			k.destroy(name, at)
		}
		if k.C.Find(name) == nil {
			k.forget(name)
		}
		return f, err
	}
	w.at, w.table, w.more, w.Readers = at, t, d, r
	return found[D]{uintptr(at), d}, nil
}

func (k *Kind[C, D]) findTable(name string) (f found[D], err error) {
	at := k.C.Find(name)
	f.At = uintptr(at)
	switch {
	case at == nil:
		return f, dpdk.ErrNotFound
	case k.Adopt != nil:
		return f, nil
	case cgo.ProcessType() != cgo.ProcPrimary:
		return f, &dpdk.Error{Op: k.Op.Find, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: "the primary is a C program or another godpdk, and only it knows the layout of its tables: use package lpm, or a Go primary"}
	}
	err = k.with(name, f.At, func(w *writer[D]) error { f.More = w.more; return nil })
	return f, err
}

func (k *Kind[C, D]) freeTable(w *writer[D], name string) error {
	if !w.gone() {
		return &dpdk.Error{Op: k.Op.Free, Name: name, Errno: dpdk.ErrAgain,
			Detail: fmt.Sprintf("readers of %q may still use it: wait with Synchronize, and try again", w.name)}
	}
	errno := k.destroy(name, w.at)
	if errno == 0 {
		k.forget(name)
	}
	return control.Errno(errno)
}

func (k *Kind[C, D]) destroy(name string, at unsafe.Pointer) int {
	return telserver.Exclude(func() int { return k.C.Free(name, at) }) // it may end rings and pools
}

// turn is the time after which a control call with many routes ends, so that others get the table.
var turn = time.Second

// change runs f on each route until one fails, or for some time. Without an error it makes at least one change.
func (k *Kind[C, D]) change(w *writer[D], routes []Route, f func(Table, *Route) int) (r changed) {
	w.use()
	began := time.Now()
	for i := range routes {
		if i > 0 && time.Since(began) > turn {
			return r
		}
		if k.accept(&routes[i], w.table.MaxHop()) != "" { // a handle has checked it before
			r.Errno = int(dpdk.ErrInvalid)
			return r
		}
		if r.Errno = f(w.table, &routes[i]); r.Errno != 0 {
			if r.Errno == int(dpdk.ErrAgain) {
				r.Detail = fmt.Sprintf("readers of %q may still use what a change before has freed: they must call Quiescent or Offline", w.name)
			}
			return r
		}
		r.N++
	}
	return r
}

// accept masks the prefix of a route, or returns what is wrong with the route.
func (k *Kind[C, D]) accept(r *Route, maxHop uint64) string {
	p, family := r.Prefix, "IPv4"
	if k.Six {
		family = "IPv6"
	}
	switch {
	case !p.IsValid():
		return "the prefix is not valid"
	case p.Addr().Is4() == k.Six:
		return fmt.Sprintf("%v is not an %s prefix: use a table of its family", p, family)
	case p.Bits() == 0 && k.NoDefault:
		return fmt.Sprintf("%v is the default route, which DPDK's tables cannot hold: use its next hop when a lookup finds none", p)
	case r.NextHop > maxHop:
		return fmt.Sprintf("the next hop %d of %v is too large: use at most %d%s", r.NextHop, p, maxHop, k.Larger)
	}
	r.Prefix = p.Masked()
	return ""
}
