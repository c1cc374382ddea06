package routetable

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// writer is what the primary knows of a table. C does not allow two changes at a time.
type writer[D any] struct {
	mu    sync.Mutex
	at    unsafe.Pointer // nil if no table exists
	table Table[D]
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
func On[T Table[D], C, D any](k *Kind[C, D], name string, at uintptr, f func(t T) error) error {
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
	at, t, err := k.C.Create(by, name, &a.Size, a.More, r)
	if err != nil {
		if at != nil {
			k.destroy(name, at)
		}
		if k.C.Find(name) == nil {
			k.forget(name)
		}
		return f, err
	}
	w.at, w.table, w.Readers = at, t, r
	return found[D]{uintptr(at), t.Describe()}, nil
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
	err = k.with(name, f.At, func(w *writer[D]) error { f.More = w.table.Describe(); return nil })
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
func (k *Kind[C, D]) change(w *writer[D], routes []Route, f func(Table[D], *Route) int) (r changed) {
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
