package hashtable

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	chash "github.com/godpdk/godpdk/cgo/hash"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

const (
	opCreate = "rte_hash_create"
	opFind   = "rte_hash_find_existing"
	opFree   = "rte_hash_free"
	opList   = "rte_memzone_walk of tables"
)

// The arguments of the calls that the primary makes.
type (
	newTable struct {
		Shape          chash.Shape
		Entries        uint32
		Function, Seed uint32
		Socket         int
		RCU            string // the name of a QSBR, or ""
		V              uintptr
	}
	place struct {
		At uintptr
	}
	found struct {
		At    uintptr
		Info  chash.Info
		Magic uint64 // of the release of the primary
	}
	none struct{}
)

// The control calls, which the primary makes for its secondaries: a process that is killed holds no lock of DPDK.
var (
	callCreate = delegate.Func(opCreate, func(_ delegate.Owner, name string, a newTable) (place, error) {
		c := chash.Config{Shape: a.Shape, Entries: a.Entries, Function: a.Function, Seed: a.Seed, Socket: a.Socket}
		// A handle has checked these before. The message of another process may have any content.
		if len(name) >= chash.NameSize || !c.Valid() {
			return place{}, dpdk.ErrInvalid
		}
		if a.RCU != "" {
			v, _, errno := cgo.RCULookup(a.RCU)
			if errno != 0 || uintptr(v) != a.V {
				return place{}, &dpdk.Error{Op: opCreate, Name: name, Errno: dpdk.ErrInvalid, Detail: fmt.Sprintf("the QSBR %q was freed", a.RCU)}
			}
			c.RCU, c.RCUName = v, a.RCU
		}
		at, errno := chash.Create(name, &c)
		return place{uintptr(at)}, control.Errno(errno)
	})
	callFind = delegate.Func(opFind, func(_ delegate.Owner, name string, _ none) (found, error) {
		at, i, errno := chash.Find(name)
		return found{uintptr(at), i, chash.Magic}, control.Errno(errno)
	})
	callFree = delegate.Func(opFree, func(_ delegate.Owner, name string, p place) (none, error) {
		errno := telserver.Exclude(func() int { return chash.Free(name, address(p.At)) }) // it frees a ring
		return none{}, control.Errno(errno)
	})
	callNames = delegate.Func(opList, func(delegate.Owner, string, none) ([]string, error) { return chash.Names(), nil })
)

// address converts an address in shared memory, which the primary has sent as a number.
func address(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

func create(name string, entries int, s chash.Shape, cfg Config) (at unsafe.Pointer, err error) {
	if err := check.Name(opCreate, name, chash.NameSize); err != nil {
		return nil, err
	}
	if err := cfg.check(name, entries); err != nil {
		return nil, err
	}
	a := newTable{Shape: s, Entries: uint32(entries), Function: uint32(cfg.Function), Seed: cfg.Seed, Socket: cfg.Socket.Int()}
	if most := chash.MaxEntriesOf(s.KeySize); entries > most {
		return nil, check.Invalid(opCreate, name, "%d entries with keys of %d bytes: DPDK's offsets have 32 bits: use at most %d", entries, s.KeySize, most)
	}
	if cfg.RCU != nil {
		a.RCU, a.V = cfg.RCU.Name(), uintptr(cfg.RCU.Pointer())
	}
	err = control.Call(opCreate, name, func() error {
		p, err := callCreate(name, a)
		at = address(p.At)
		return err
	})
	return at, control.ExplainCreate(err, cfg.Socket)
}

func find(name string, s chash.Shape) (at unsafe.Pointer, err error) {
	if err := check.Name(opFind, name, chash.NameSize); err != nil {
		return nil, err
	}
	var has chash.Shape
	err = control.Call(opFind, name, func() error {
		p, err := callFind(name, none{})
		at, has = address(p.At), p.Info.Shape
		if err == nil && p.Magic != chash.Magic {
			return dpdk.ErrUnsupported
		}
		return err
	})
	if err != nil {
		err = control.Explain(err, dpdk.ErrNotFound, control.Unknown)
		err = control.Explain(err, dpdk.ErrAgain, "another process has not created it completely yet: try again")
		return nil, control.Explain(err, dpdk.ErrUnsupported, "another release of godpdk has made it, with another layout: use one release in all processes")
	}
	for _, c := range []struct {
		what               string
		size, want         uint32
		layout, wantLayout uint64
	}{
		{"keys", has.KeySize, s.KeySize, has.KeyType, s.KeyType},
		{"values", has.ValueSize, s.ValueSize, has.ValueType, s.ValueType},
	} {
		if c.size != c.want {
			return nil, check.Invalid(opFind, name, "the table has %s of %d bytes, not of %d: use the types that it was made with", c.what, c.size, c.want)
		}
		if c.layout != c.wantLayout && c.layout != 0 {
			return nil, check.Invalid(opFind, name, "the table was made with %s of the same size but with other fields: use the types that it was made with", c.what)
		}
	}
	return at, nil
}

// free makes one attempt to free a table: it fails with dpdk.ErrBusy beside a change of another thread.
func free(name string, at unsafe.Pointer) error {
	err := control.CallOn(opFree, name, at, func() error {
		_, err := callFree(name, place{uintptr(at)})
		return err
	})
	if errors.Is(err, dpdk.ErrBusy) {
		return control.Explain(err, dpdk.ErrBusy, stoppedOwner(at))
	}
	return err
}

func freed(op, name string) error {
	detail := control.Freed
	if name == "" {
		detail = "the table is a zero value: use Create or Lookup"
	}
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrNotFound, Detail: detail}
}

func infoOf(name string, at unsafe.Pointer) (i Info, err error) {
	if at == nil {
		return i, freed(opFind, name)
	}
	err = control.CallOn(opFind, name, at, func() error {
		p, err := callFind(name, none{})
		if err == nil && address(p.At) != at {
			return dpdk.ErrNotFound // a newer table of this name
		}
		if err == nil {
			i = describe(name, &p.Info)
		}
		return err
	})
	return i, err
}

func describe(name string, i *chash.Info) Info {
	return Info{Name: name, Entries: i.Capacity, Len: i.Len, Overflow: i.Overflow, KeySize: int(i.KeySize), ValueSize: int(i.ValueSize),
		Function: Function(i.Function), Seed: i.Seed, RCU: i.RCUName, Repairs: i.Repairs}
}

// List describes all tables of the file prefix that [Create], or C programs with godpdk_table.h, have made.
func List() ([]Info, error) {
	var all []Info
	err := control.Call(opList, "", func() error {
		names, err := callNames("", none{})
		for _, name := range names {
			p, err := callFind(name, none{})
			if err == nil { // it was not freed meanwhile
				all = append(all, describe(name, &p.Info))
			}
		}
		return err
	})
	return all, err
}
