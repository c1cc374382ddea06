package routetable

import (
	"fmt"
	"net/netip"
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
)

// Ops are the rte_ functions behind the operations, for errors.
type Ops struct {
	Create, Find, Free, Add, Delete, NextHop, RCU string
}

// Library creates tables. C is the part of their configuration that is particular to them, and D describes a table for handles. Both are
// encoded as JSON.
type Library[C, D any] interface {
	Find(name string) unsafe.Pointer
	Free(name string, at unsafe.Pointer) int
	// Create creates a table in the primary, for a handle of the process by. The message of that process may have any content. A table
	// that it returns with an error is freed.
	Create(by delegate.Owner, name string, s *Size, more C, r *Readers) (at unsafe.Pointer, t Table[D], err error)
}

// Table is a table in the primary, which calls one method at a time. Prefixes are masked and of the right family.
type Table[D any] interface {
	Describe() D
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
	Adopt func(at unsafe.Pointer) Table[D]
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
	// None is an empty argument or result.
	None struct{}
)

// New completes a kind. Call it only to initialize a package variable: see delegate.Func.
func New[C, D any](k *Kind[C, D]) *Kind[C, D] {
	changing := func(op string, f func(t Table[D], r *Route) int) func(string, change) (changed, error) {
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
	k.add = changing(k.Op.Add, func(t Table[D], r *Route) int { return t.Add(r.Prefix, r.NextHop) })
	k.remove = changing(k.Op.Delete, func(t Table[D], r *Route) int { return t.Delete(r.Prefix) })
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
