package hashtable

import (
	"errors"
	"iter"
	"sync"
	"time"
	"unsafe"

	chash "github.com/godpdk/godpdk/cgo/hash"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// Table is a handle to a table in shared memory that maps keys to values: an rte_hash, and memory for values of more
// than 8 bytes. See the documentation of the package.
//
// Two values of K must be equal exactly if their bytes are equal. So K consists of integers, booleans, and arrays and structs of
// them without padding and without fields named "_". V is any type without Go pointers. struct{} makes the table a set.
//
// Lookups may run in any number of goroutines and processes, beside changes. Changes may also be made in any goroutine and
// process; one at a time proceeds. No method may run beside eal.Runtime.Close, and beside Free only changes may.
type Table[K comparable, V any] struct {
	at   unsafe.Pointer // the struct godpdk_table, nil after Free
	name string
	mu   sync.Mutex // held in each attempt of a change or of Free, not while it waits
}

// Create makes a table for at least 1 and at most [MaxEntries] keys. Any process role may call it. In a secondary of a Go primary, the primary
// makes the table.
//
// Errors: dpdk.ErrExist; dpdk.ErrNoMemory; dpdk.ErrNameTooLong for more than [MaxName] bytes; dpdk.ErrInvalid, also for a K or V that a table
// cannot hold.
//
// Implements: rte_hash_create
func Create[K comparable, V any](name string, entries int, cfg Config) (*Table[K, V], error) {
	s, err := shapeOf[K, V](opCreate, name)
	if err != nil {
		return nil, err
	}
	at, err := create(name, entries, s, cfg)
	if err != nil {
		return nil, err
	}
	return &Table[K, V]{at: at, name: name}, nil
}

// Lookup finds a table by name. K and V must have the layout of the types that the table was made with: the same kinds of numbers at the
// same offsets. Their names do not matter. A table that C made without a layout is checked by sizes only.
//
// Errors: dpdk.ErrNotFound; dpdk.ErrInvalid if K or V has another layout; dpdk.ErrAgain while another process creates the
// table; dpdk.ErrUnsupported if another release of godpdk made it.
//
// Implements: rte_hash_find_existing
func Lookup[K comparable, V any](name string) (*Table[K, V], error) {
	s, err := shapeOf[K, V](opFind, name)
	if err != nil {
		return nil, err
	}
	at, err := find(name, s)
	if err != nil {
		return nil, err
	}
	return &Table[K, V]{at: at, name: name}, nil
}

// Name returns the name of the table.
func (t *Table[K, V]) Name() string { return t.name }

// Pointer returns the struct rte_hash, for C, or nil after Free on this handle.
func (t *Table[K, V]) Pointer() unsafe.Pointer {
	if t.at == nil {
		return nil
	}
	return chash.Hash(t.at)
}

// Capacity returns the number of keys that the table can hold, 0 after Free.
func (t *Table[K, V]) Capacity() int {
	if t.at == nil {
		return 0
	}
	return chash.Capacity(t.at)
}

// Len returns the number of keys in the table, 0 after Free.
func (t *Table[K, V]) Len() int {
	if t.at == nil {
		return 0
	}
	return chash.Len(t.at)
}

// Info describes the table. The error is dpdk.ErrNotFound if it was freed.
func (t *Table[K, V]) Info() (Info, error) { return infoOf(t.name, t.at) }

// Free destroys the table for all processes. No process may use it meanwhile or later; changes through other handles
// return dpdk.ErrNotFound as long as nothing else uses the memory. The error is dpdk.ErrNotFound if the table was freed before.
//
// Implements: rte_hash_free
func (t *Table[K, V]) Free() error {
	var turns wait.Backoff
	for until := time.Now().Add(changeTimeout); ; turns.Turn() {
		err := t.tryFree()
		if !errors.Is(err, dpdk.ErrBusy) || time.Now().After(until) {
			return err
		}
	}
}

func (t *Table[K, V]) tryFree() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := free(t.name, t.at)
	if err == nil {
		t.at = nil
	}
	return err
}

// Lookup returns a copy of the value of the key. ok is false if the table does not have the key, and after Free.
//
// The value is one that the key had during the call, as a whole: never a mixture of two values, and never that of another key, also while
// others replace, delete and add keys.
//
// Implements: rte_hash_lookup_with_hash_data
func (t *Table[K, V]) Lookup(key K) (value V, ok bool) {
	if t.at == nil {
		return value, false
	}
	var r int32
	if fastcall.Enabled {
		a := chash.GetArg{Table: t.at, Key: unsafe.Pointer(&key), Value: unsafe.Pointer(&value)}
		r = fastcall.Call(chash.GetAddress, unsafe.Pointer(&a))
	} else {
		r = chash.Get(t.at, unsafe.Pointer(&key), unsafe.Pointer(&value))
	}
	if r == chash.Again {
		r = lookupLong(t.at, unsafe.Pointer(&key), unsafe.Pointer(&value))
	}
	return value, r == 1
}

// lookupLong looks up a key that a short call of C has not found: its list is long, or writers were in the way many times in a row.
func lookupLong(at, key, value unsafe.Pointer) int32 {
	var turns wait.Backoff
	for {
		if r := chash.GetLong(at, key, value); r != chash.Again {
			return r
		}
		turns.Turn()
	}
}

// LookupBulk looks up keys, and stores for keys[i] whether the table has it in found[i] and its value, or the zero value, in values[i]. It looks
// up as many keys as the shortest slice has, and returns the number of those found. Each key is looked up as by Lookup; the bulk is not one
// snapshot of the table. Bulks of 32 are best.
//
// Implements: rte_hash_lookup_with_hash_bulk_data
func (t *Table[K, V]) LookupBulk(values []V, found []bool, keys []K) int {
	n := min(len(values), len(found), len(keys))
	values, found, keys = values[:n], found[:n], keys[:n]
	if t.at == nil {
		clear(values)
		clear(found)
		return 0
	}
	hits := 0
	for len(keys) > 0 {
		a := chash.BulkArg{Table: t.at, Keys: unsafe.Pointer(&keys[0]), Values: unsafe.Pointer(&values[0]), Found: unsafe.Pointer(&found[0]),
			N: uint32(min(len(keys), chash.MaxBulk))}
		var done int
		if fastcall.Enabled {
			done = int(fastcall.Call(chash.BulkAddress, unsafe.Pointer(&a)))
			hits += int(a.Hits)
		} else {
			var h int
			done, h = chash.Bulk(a.Table, a.Keys, a.Values, a.Found, a.N)
			hits += h
		}
		if done == 0 {
			found[0] = lookupLong(a.Table, a.Keys, a.Values) == 1
			if found[0] {
				hits++
			}
			done = 1
		}
		keys, values, found = keys[done:], values[done:], found[done:]
	}
	return hits
}

// All returns an iterator over the keys and values. It yields each key that is in the table from the beginning to the end of the
// iteration exactly once. A key that is added or deleted meanwhile may be yielded or not, and one that is deleted and added again may be
// yielded twice. The loop may change the table. Each pair was in the table at some time during the iteration.
//
// The iteration takes time in proportion to the highest number of keys that the table has had.
func (t *Table[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		const batch = 64
		keys, values := make([]K, batch), make([]V, batch)
		var turns wait.Backoff
		for next := uint32(0); t.at != nil; {
			from := next
			n := chash.Scan(t.at, &next, unsafe.Pointer(&keys[0]), unsafe.Pointer(&values[0]), batch)
			for i := range n {
				if !yield(keys[i], values[i]) {
					return
				}
			}
			switch next {
			case chash.ScanEnd:
				return
			case from:
				turns.Turn()
			default:
				turns = wait.Backoff{}
			}
		}
	}
}
