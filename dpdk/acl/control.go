package acl

import (
	"fmt"
	"math"
	"sync"
	"syscall"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	cacl "github.com/godpdk/godpdk/cgo/acl"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
)

const (
	opCreate    = "rte_acl_create"
	opBuild     = "rte_acl_build"
	opFind      = "rte_acl_find_existing"
	opFree      = "rte_acl_free"
	opAlgorithm = "rte_acl_set_ctx_classify"
)

// The arguments and results of the calls that the primary makes.
type (
	newTable struct {
		Kind       string
		KeySize    int
		Fields     []Field
		Rules      []Rule
		Categories int
		Algorithm  Algorithm
		MaxMemory  uint64
		Socket     int
	}
	// table is what the primary knows of a table. A C program's has only the address and one category.
	table struct {
		At         uintptr // 0 until it is built
		Kind       string
		KeySize    int
		Rules      int
		Categories int
		Algorithm  Algorithm
	}
	selection struct {
		At        uintptr
		Algorithm Algorithm
	}
	none struct{}
)

var (
	createCall = delegate.Func(opCreate, func(_ delegate.Owner, name string, a newTable) (table, error) { return create(name, a) })
	findCall   = delegate.Func(opFind, func(_ delegate.Owner, name string, _ none) (table, error) { return find(name) })
	listCall   = delegate.Func(opFind+" of all", func(delegate.Owner, string, none) ([]Info, error) { return list(), nil })
	freeCall   = delegate.Func(opFree, func(_ delegate.Owner, name string, at uintptr) (none, error) { return none{}, free(name, at) })

	algorithmCall = delegate.Func(opAlgorithm, func(_ delegate.Owner, name string, s selection) (none, error) { return none{}, choose(name, s) })
)

// tables are those that the primary has created. The lock is not held while one is built.
var tables struct {
	sync.Mutex
	of map[string]*table
}

// create creates a table in the primary. Contexts may hold addresses of functions of the process that made them (since
// DPDK 26.03), so no other process creates or frees them.
func create(name string, a newTable) (table, error) {
	if cgo.ProcessType() != cgo.ProcPrimary {
		return table{}, dpdk.ErrSecondary
	}
	// A handle has checked these before. The message of another process may have any content.
	if wrong := checkFields(a.Fields, a.KeySize); wrong != "" {
		return table{}, check.Invalid(opCreate, name, "%s", wrong)
	}
	if len(name) >= cacl.NameSize || !validCategories(a.Categories) {
		return table{}, dpdk.ErrInvalid
	}
	raw, wrong := encode(a.Fields, a.Rules, a.Categories)
	if wrong != "" {
		return table{}, check.Invalid(opCreate, name, "%s", wrong)
	}
	t := &table{Kind: a.Kind, KeySize: a.KeySize, Rules: len(a.Rules), Categories: a.Categories}
	if !announce(name, t) {
		return table{}, dpdk.ErrExist
	}
	at, err := build(name, a, raw, &t.Algorithm)
	tables.Lock()
	defer tables.Unlock()
	if err != nil {
		delete(tables.of, name)
		return table{}, err
	}
	t.At = uintptr(at)
	return *t, nil
}

// announce keeps others from using the name, and from finding the context before it is built.
func announce(name string, t *table) bool {
	tables.Lock()
	defer tables.Unlock()
	if old := tables.of[name]; old != nil && (old.At == 0 || uintptr(cacl.Find(name)) == old.At) {
		return false
	}
	if tables.of == nil {
		tables.of = map[string]*table{}
	}
	tables.of[name] = t
	return true
}

// build creates and builds a context, and selects its algorithm.
func build(name string, a newTable, raw []byte, algorithm *Algorithm) (cacl.Context, error) {
	at, errno := cacl.Create(name, a.Socket, len(a.Fields), uint32(len(a.Rules)))
	if errno != 0 {
		return nil, control.Errno(errno)
	}
	errno = cacl.Add(at, raw, uint32(len(a.Rules)))
	if errno == 0 {
		errno = cacl.Build(at, definitions(a.Fields), uint32(a.Categories), a.MaxMemory)
	}
	if errno == int(dpdk.ErrNoMemory) && a.MaxMemory == 0 { // the form that DPDK then builds has few nodes in each of its tries
		errno = cacl.Build(at, definitions(a.Fields), uint32(a.Categories), math.MaxInt64)
	}
	if errno != 0 {
		cacl.Free(name, at)
		e := &dpdk.Error{Op: opBuild, Name: name, Errno: dpdk.Errno(errno)}
		switch errno {
		case int(syscall.ERANGE):
			e.Errno, e.Detail = dpdk.ErrNoSpace, fmt.Sprintf("the rules need more than %d bytes: raise Config.MaxMemory", a.MaxMemory)
		case int(dpdk.ErrNoMemory):
			e.Detail = "the rules need more memory, or overlap in more ways than DPDK can hold: use fewer, or more tables"
		}
		return nil, e
	}
	candidates := []Algorithm{a.Algorithm}
	if a.Algorithm == Best {
		candidates = preferred
	}
	for _, *algorithm = range candidates {
		if errno = cacl.SetAlgorithm(at, int(*algorithm)); errno == 0 {
			return at, nil
		}
	}
	cacl.Free(name, at)
	return nil, unsupported(name, *algorithm, errno)
}

func unsupported(name string, a Algorithm, errno int) error {
	return &dpdk.Error{Op: opAlgorithm, Name: name, Errno: dpdk.ErrUnsupported, Detail: fmt.Sprintf(
		"the primary cannot use %v (%v): its processor, its DPDK or its option --force-max-simd-bitwidth does not allow it", a, syscall.Errno(errno))}
}

// known returns the table of that name. The caller holds the lock of tables.
func known(name string) (table, error) {
	at, t := uintptr(cacl.Find(name)), tables.of[name]
	if t != nil && (t.At == 0 || t.At == at && at != 0) {
		if t.At == 0 {
			return table{}, dpdk.ErrNotFound // not built
		}
		return *t, nil
	}
	delete(tables.of, name) // a C program has freed it
	if at == 0 {
		return table{}, dpdk.ErrNotFound
	}
	return table{At: at, Categories: 1}, nil
}

func find(name string) (table, error) {
	tables.Lock()
	defer tables.Unlock()
	return known(name)
}

func list() (all []Info) {
	names := cacl.Names()
	tables.Lock()
	defer tables.Unlock()
	for _, name := range names {
		if t, err := known(name); err == nil {
			all = append(all, t.info(name))
		}
	}
	return all
}

// pointer converts an address in shared memory, which the primary has sent as a number.
func pointer(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

func free(name string, at uintptr) error {
	if cgo.ProcessType() != cgo.ProcPrimary {
		return dpdk.ErrSecondary
	}
	tables.Lock()
	defer tables.Unlock()
	if t, err := known(name); err != nil || t.At != at {
		return dpdk.ErrNotFound
	}
	if errno := cacl.Free(name, pointer(at)); errno != 0 {
		return control.Errno(errno)
	}
	delete(tables.of, name)
	return nil
}

// choose selects an algorithm.
func choose(name string, s selection) error {
	if cgo.ProcessType() != cgo.ProcPrimary {
		return dpdk.ErrSecondary
	}
	tables.Lock()
	defer tables.Unlock()
	if t, err := known(name); err != nil || t.At != s.At {
		return dpdk.ErrNotFound
	}
	candidates := []Algorithm{s.Algorithm}
	if s.Algorithm == Best {
		candidates = preferred
	}
	errno := 0
	for _, a := range candidates {
		if errno = cacl.SetAlgorithm(pointer(s.At), int(a)); errno == 0 {
			if t := tables.of[name]; t != nil {
				t.Algorithm = a
			}
			return nil
		}
	}
	return unsupported(name, s.Algorithm, errno)
}
