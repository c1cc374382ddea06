package acl

import (
	"reflect"
	"sync"
	"unsafe"

	cacl "github.com/godpdk/godpdk/cgo/acl"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// MaxName is the maximum length of the name of a table, in bytes.
const MaxName = cacl.NameSize - 1

// Config configures a new table. The zero value is a table of one category with the best algorithm.
type Config struct {
	// Categories is the number of categories: 1, 4, 8, 12 or 16. 0 is 1.
	Categories int
	// Algorithm is the algorithm of Classify: see [Table.SetAlgorithm].
	Algorithm Algorithm
	// MaxMemory is the limit of the memory that Classify reads, in bytes (max_size); the rules themselves are not
	// included. DPDK looks for the fastest form that fits in it, which takes longer to create. 0 means no limit: a small form, or the fastest
	// one if the rules overlap too much for that.
	MaxMemory uint64
	// Socket is the NUMA socket of the memory.
	Socket dpdk.SocketID
}

func validCategories(n int) bool {
	return n == 1 || n >= cacl.Multiplier && n <= MaxCategories && n%cacl.Multiplier == 0
}

// Table is a handle to a table with keys of type K (struct rte_acl_ctx). Its rules do not change. Classify may run in any
// number of goroutines and processes at a time. It must not run beside Free or eal.Runtime.Close.
type Table[K any] struct {
	ctx        unsafe.Pointer // nil after Free
	categories int
	h          handle
}

// Table4 is a table for the 5-tuples of IPv4 packets.
type Table4 = Table[Key4]

// Table6 is a table for the 5-tuples of IPv6 packets.
type Table6 = Table[Key6]

// handle is what does not depend on the type of the keys.
type handle struct {
	name string
	mu   sync.RWMutex // held for writing by Free, for reading by other control calls
	at   unsafe.Pointer
}

// Create4 creates a table with rules over the 5-tuples of IPv4 packets. C programs find it with rte_acl_find_existing, and
// classify a [Key4].
//
// Errors: dpdk.ErrInvalid, with the number of the wrong rule; dpdk.ErrExist; dpdk.ErrNameTooLong; dpdk.ErrNoMemory;
// dpdk.ErrNoSpace if the rules need more than Config.MaxMemory; dpdk.ErrUnsupported for an algorithm that the primary does not
// support; dpdk.ErrTimeout in a secondary if the primary needs more than 20 seconds; dpdk.ErrSecondary in a secondary of a C primary.
//
// Implements: rte_acl_create, rte_acl_add_rules, rte_acl_build
func Create4(name string, rules []Tuple, cfg Config) (*Table4, error) {
	return createTuples[Key4](name, fields4, rules, false, cfg)
}

// Create6 creates a table with rules over the 5-tuples of IPv6 packets. Its errors are those of [Create4].
//
// Implements: rte_acl_create, rte_acl_add_rules, rte_acl_build
func Create6(name string, rules []Tuple, cfg Config) (*Table6, error) {
	return createTuples[Key6](name, fields6, rules, true, cfg)
}

func createTuples[K any](name string, fields []Field, tuples []Tuple, six bool, cfg Config) (*Table[K], error) {
	rules, wrong := rulesOf(tuples, six)
	if wrong != "" {
		return nil, check.Invalid(opCreate, name, "%s", wrong)
	}
	return Create[K](name, fields, rules, cfg)
}

// Create creates a table with rules over fields of the struct K, which holds no Go pointers. Its errors are those of [Create4].
//
// Implements: rte_acl_create, rte_acl_add_rules, rte_acl_build
func Create[K any](name string, fields []Field, rules []Rule, cfg Config) (*Table[K], error) {
	key := reflect.TypeFor[K]()
	if err := check.Name(opCreate, name, cacl.NameSize); err != nil {
		return nil, err
	}
	if err := check.NoPointers(opCreate, name, key); err != nil {
		return nil, err
	}
	if err := check.Socket(opCreate, name, cfg.Socket); err != nil {
		return nil, err
	}
	if cfg.Categories == 0 {
		cfg.Categories = 1
	}
	if !validCategories(cfg.Categories) {
		return nil, check.Invalid(opCreate, name, "Config.Categories is %d: use 1, 4, 8, 12 or 16", cfg.Categories)
	}
	a := newTable{kindOf(key), int(key.Size()), fields, rules, cfg.Categories, cfg.Algorithm, cfg.MaxMemory, cfg.Socket.Int()}
	if wrong := checkFields(fields, a.KeySize); wrong != "" {
		return nil, check.Invalid(opCreate, name, "%s", wrong)
	}
	if _, wrong := encode(fields, rules, cfg.Categories); wrong != "" {
		return nil, check.Invalid(opCreate, name, "%s", wrong)
	}
	var t table
	err := control.Call(opCreate, name, func() (err error) {
		t, err = createCall(name, a)
		return err
	})
	if err != nil {
		return nil, secondary(control.ExplainCreate(err, cfg.Socket))
	}
	return newHandle[K](name, t), nil
}

// Lookup4 finds a table with rules over the 5-tuples of IPv4 packets by its name. Its errors are those of [Lookup].
//
// Implements: rte_acl_find_existing
func Lookup4(name string) (*Table4, error) { return Lookup[Key4](name) }

// Lookup6 finds a table with rules over the 5-tuples of IPv6 packets by its name. Its errors are those of [Lookup].
//
// Implements: rte_acl_find_existing
func Lookup6(name string) (*Table6, error) { return Lookup[Key6](name) }

// Lookup finds a table with keys of type K by its name. The error is dpdk.ErrNotFound if it does not exist or is not yet built, and
// dpdk.ErrInvalid if its keys are of another kind or size.
//
// Nobody knows the fields of a table that a C program has created. K must then be what that program classifies. The table must be
// built. Classify returns its category 0.
//
// Implements: rte_acl_find_existing
func Lookup[K any](name string) (*Table[K], error) {
	key := reflect.TypeFor[K]()
	if err := check.Name(opFind, name, cacl.NameSize); err != nil {
		return nil, err
	}
	if err := check.NoPointers(opFind, name, key); err != nil {
		return nil, err
	}
	var t table
	err := control.Call(opFind, name, func() (err error) {
		t, err = findCall(name, none{})
		return err
	})
	if err != nil {
		return nil, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
	}
	if t.KeySize != 0 && (t.KeySize != int(key.Size()) || t.Kind != kindOf(key)) {
		return nil, check.Invalid(opFind, name, "its keys have %d bytes and are for %s, those of %v have %d bytes: look it up with the type of Create",
			t.KeySize, kindName(t.Kind), key, key.Size())
	}
	return newHandle[K](name, t), nil
}

func kindName(kind string) string {
	if kind == "" {
		return "fields of a program's own"
	}
	return kind
}

func newHandle[K any](name string, t table) *Table[K] {
	at := pointer(t.At)
	return &Table[K]{at, t.Categories, handle{name: name, at: at}}
}

// secondary explains the error of a change in a secondary of a C primary.
func secondary(err error) error {
	return control.Explain(err, dpdk.ErrSecondary, "only the primary can do this, and this one is a C program: do it there")
}

// Info describes a table. Only the name is known of a table that a C program has created.
type Info struct {
	Name       string
	Kind       string // "IPv4", "IPv6", or "" for fields of a program's own
	KeySize    int    // in bytes
	Rules      int
	Categories int
	Algorithm  Algorithm
}

func (t *table) info(name string) Info {
	if t.KeySize == 0 {
		return Info{Name: name}
	}
	return Info{name, t.Kind, t.KeySize, t.Rules, t.Categories, t.Algorithm}
}

// List describes all tables of the file prefix that are built.
func List() (all []Info, err error) {
	err = control.Call(opFind, "", func() (err error) {
		all, err = listCall("", none{})
		return err
	})
	return all, err
}

// Name returns the name of the table.
func (t *Table[K]) Name() string { return t.h.name }

// Pointer returns the struct rte_acl_ctx, for C, or nil after Free on this handle.
func (t *Table[K]) Pointer() unsafe.Pointer {
	t.h.mu.RLock()
	defer t.h.mu.RUnlock()
	return t.h.at
}

// Info describes the table. The error is dpdk.ErrNotFound if it was freed.
func (t *Table[K]) Info() (i Info, err error) {
	err = t.h.call(opFind, func(at uintptr) error {
		found, err := findCall(t.h.name, none{})
		if err == nil && found.At != at {
			return dpdk.ErrNotFound // a newer table of this name
		}
		i = found.info(t.h.name)
		return err
	})
	if err != nil {
		return Info{}, err
	}
	return i, nil
}

// SetAlgorithm selects the algorithm of Classify, for all processes. It may run beside Classify. The error is dpdk.ErrUnsupported if the
// primary does not support it; dpdk.ErrNotFound after Free; dpdk.ErrSecondary in a secondary of a C primary.
//
// Implements: rte_acl_set_ctx_classify
func (t *Table[K]) SetAlgorithm(a Algorithm) error {
	return t.h.call(opAlgorithm, func(at uintptr) error {
		_, err := algorithmCall(t.h.name, selection{at, a})
		return err
	})
}

// Free destroys the table for all processes. No process may classify with it any more: Free does not wait. The error is
// dpdk.ErrNotFound if it was freed before, and dpdk.ErrSecondary in a secondary of a C primary.
//
// Implements: rte_acl_free
func (t *Table[K]) Free() error {
	h := &t.h
	if h.name == "" {
		return zero(opFree)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	err := control.CallOn(opFree, h.name, h.at, func() error {
		_, err := freeCall(h.name, uintptr(h.at))
		return err
	})
	if err == nil {
		h.at, t.ctx = nil, nil
	}
	return secondary(err)
}

// call runs f, which makes a control call, unless the table was freed.
func (h *handle) call(op string, f func(at uintptr) error) error {
	if h.name == "" {
		return zero(op)
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	return secondary(control.CallOn(op, h.name, h.at, func() error { return f(uintptr(h.at)) }))
}

func zero(op string) error {
	return &dpdk.Error{Op: op, Errno: dpdk.ErrNotFound, Detail: "the table is a zero value: use Create4, Create6, Create, or a Lookup"}
}
