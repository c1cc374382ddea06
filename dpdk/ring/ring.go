// Package ring passes fixed-size elements between threads and processes through
// lock-free rings in shared memory (rte_ring). A ring made here works with C
// programs on the same ring, and the reverse.
//
// Create, Lookup, Free and List may be called from any goroutine, in primary
// and secondary, between eal.Init and Close. Who may enqueue and dequeue at the
// same time is the matter of Config.Producer and Config.Consumer; on a Single
// side it must be one goroutine at a time, in all processes together.
//
// Enqueue and dequeue do not call C and do not allocate. Full and empty are no
// errors: Bulk calls are all or nothing, Burst calls take what fits, and both
// return how many elements they moved.
package ring

import (
	"math/bits"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/inuse"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringlayout"
	"github.com/godpdk/godpdk/dpdk/internal/shared"
)

const (
	opCreate = "rte_ring_create_elem"
	opLookup = "rte_ring_lookup"
	opFree   = "rte_ring_free"
	opDump   = "rte_ring_dump"
	opList   = "rte_ring_list_dump"
)

// MaxName is the length of the longest name, in bytes.
const MaxName = cgo.RingNameSize - 1

// MaxCount is the largest count that Create takes.
const MaxCount = (cgo.RingSizeMask + 1) / 2

// Ring is a handle to a ring of T. T holds no Go pointers and its size is a
// multiple of 4 bytes; an 8-byte T is what C calls a ring of void *. Dropping
// the handle frees nothing.
//
// The ring stays valid until Free in any process, or until this process's EAL
// closes; using it after that is an access to unmapped memory.
type Ring[T any] struct {
	core ringcore.Ring
	ring cgo.Ring
	name string
	mu   sync.Mutex // of what Free changes
}

// Create makes a ring for count elements (rte_ring_create_elem): a power of two,
// of which the ring holds one less, or with Config.ExactSize any number.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNoSpace, dpdk.ErrNameTooLong,
// dpdk.ErrInvalid (the count, the mode, the socket, or T).
func Create[T any](name string, count int, cfg Config) (*Ring[T], error) {
	if err := check.Name(opCreate, name, cgo.RingNameSize); err != nil {
		return nil, err
	}
	esize, err := elemSize[T](opCreate, name)
	if err != nil {
		return nil, err
	}
	if err := check.Socket(opCreate, name, cfg.Socket); err != nil {
		return nil, err
	}
	flags, ok := cfg.flags()
	if !ok {
		return nil, check.Invalid(opCreate, name, "Producer %v, Consumer %v: use Multi, Single, RTS or HTS", cfg.Producer, cfg.Consumer)
	}
	switch {
	case count <= 0:
		return nil, check.Invalid(opCreate, name, "the count is %d: use at least 1", count)
	case count > MaxCount || cfg.ExactSize && count == MaxCount:
		return nil, check.Invalid(opCreate, name, "the count %d is too large: the limit is %d", count, MaxCount)
	case !cfg.ExactSize && count&(count-1) != 0:
		return nil, check.Invalid(opCreate, name, "the count %d is not a power of two: use %d, or Config.ExactSize", count, 1<<bits.Len(uint(count)))
	case !cfg.ExactSize && count == 1:
		return nil, check.Invalid(opCreate, name, "a ring of count 1 holds nothing: use 2, or Config.ExactSize")
	}
	r, err := open[T](opCreate, name, esize, func() (cgo.RingInfo, int) {
		return cgo.RingCreate(name, esize, uint32(count), cfg.Socket.Int(), flags)
	})
	return r, control.ExplainCreate(err, cfg.Socket)
}

// Lookup finds a ring that any process has made, C programs included
// (rte_ring_lookup). The error is dpdk.ErrNotFound if there is none.
//
// A ring whose elements have another size than T is refused with
// dpdk.ErrInvalid. DPDK does not store that size; it is worked out from the
// length of the ring's memzone, which is rounded up to a cache line, so that
// in rings of fewer than 16 slots small elements cannot be told apart.
func Lookup[T any](name string) (*Ring[T], error) {
	if err := check.Name(opLookup, name, cgo.RingNameSize); err != nil {
		return nil, err
	}
	esize, err := elemSize[T](opLookup, name)
	if err != nil {
		return nil, err
	}
	r, err := open[T](opLookup, name, esize, func() (cgo.RingInfo, int) { return cgo.RingLookup(name) })
	return r, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
}

func open[T any](op, name string, esize uint32, f func() (cgo.RingInfo, int)) (*Ring[T], error) {
	var r *Ring[T]
	err := control.Call(op, name, func() error {
		i, errno := f()
		if errno != 0 {
			return control.Errno(errno)
		}
		if want := cgo.RingMemsize(esize, i.Size); i.Memory != 0 && uint64(want) != i.Memory {
			return check.Invalid(op, name, "%v has %d bytes, but the ring of %d slots was made for elements of about %d",
				reflect.TypeFor[T](), esize, i.Size, (i.Memory-cgo.RingSizeof)/uint64(i.Size))
		}
		core, err := ringlayout.Describe(i, esize)
		if err != nil {
			return check.Invalid(op, name, "%v", err)
		}
		r = &Ring[T]{core: core, ring: i.Ring, name: name}
		return nil
	})
	return r, err
}

// elemSize is T's size, if a T can go through a ring.
func elemSize[T any](op, name string) (uint32, error) {
	t := reflect.TypeFor[T]()
	if p := shared.GoPointer(t); p != "" {
		return 0, check.Invalid(op, name, "%v holds a Go pointer (%s), which means nothing to other processes", t, p)
	}
	size := t.Size()
	if size == 0 || size%4 != 0 {
		return 0, check.Invalid(op, name, "%v has %d bytes: elements need a multiple of 4, pad it", t, size)
	}
	if size > 1<<20 {
		return 0, check.Invalid(op, name, "%v has %d bytes: the limit is 1 MiB, put its place in a memzone into the ring instead", t, size)
	}
	return uint32(size), nil
}

// Pointer is the struct rte_ring, for C; nil after Free on this handle.
func (r *Ring[T]) Pointer() unsafe.Pointer { return r.ring }

// Name is the ring's name.
func (r *Ring[T]) Name() string { return r.name }

// Free destroys the ring for all processes (rte_ring_free): nobody may use it
// any more. What it held is not looked at. On this handle the ring is empty and
// full afterwards, so that calls move nothing. Errors: dpdk.ErrNotFound if it was
// freed before, here or in another process, and dpdk.ErrBusy if a port of this process
// is made of it (package netring): Detach the port first; or if it is part of a mempool. A new ring of the same name is
// told from this one by its address only: free a ring in one place.
func (r *Ring[T]) Free() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return inuse.Free(opFree, r.name, r.ring, nil, r.free)
}

// free is Free of a ring that nobody uses. The caller holds mu.
func (r *Ring[T]) free() error {
	err := control.Call(opFree, r.name, func() error {
		if r.ring == nil { // a NULL would equal what the lookup of a free name gives
			return dpdk.ErrNotFound
		}
		if pool, ok := strings.CutPrefix(r.name, "MP_"); ok {
			if i, errno := cgo.MempoolLookup(pool); errno == 0 && i.Data == r.ring {
				return dpdk.ErrBusy
			}
		}
		return control.Errno(cgo.RingFree(r.name, r.ring))
	})
	err = control.Explain(err, dpdk.ErrBusy, "it holds the free objects of a mempool: free the pool")
	if err == nil {
		r.core, r.ring = gone, nil
	}
	return control.Explain(err, dpdk.ErrNotFound, control.Freed)
}

// gone is a ring that has neither elements nor room, for freed handles.
var gone, _ = ringcore.New(&ringcore.HeadTail{SyncType: Single}, &ringcore.HeadTail{SyncType: Single},
	unsafe.Pointer(new(uint64)), 1, 0, 8)

// Producer is how the ring admits producers.
func (r *Ring[T]) Producer() Sync { return r.core.ProdSync }

// Consumer is how the ring admits consumers.
func (r *Ring[T]) Consumer() Sync { return r.core.ConsSync }

// Capacity is how many elements the ring holds when full (rte_ring_get_capacity).
func (r *Ring[T]) Capacity() int { return int(r.core.Capacity) }

// Size is how many slots the ring has, always more than Capacity (rte_ring_get_size).
func (r *Ring[T]) Size() int { return int(r.core.Size) }

// Len is how many elements are in the ring, at some moment during the call
// (rte_ring_count).
func (r *Ring[T]) Len() int { return int(r.core.Count()) }

// FreeLen is how many more elements fit (rte_ring_free_count).
func (r *Ring[T]) FreeLen() int { return int(r.core.FreeCount()) }

// Empty is Len() == 0 (rte_ring_empty).
func (r *Ring[T]) Empty() bool { return r.core.Count() == 0 }

// Full is FreeLen() == 0 (rte_ring_full).
func (r *Ring[T]) Full() bool { return r.core.FreeCount() == 0 }

// Dump is the text of rte_ring_dump. The error is dpdk.ErrNotFound if the ring was freed.
func (r *Ring[T]) Dump() (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var text string
	err := control.Call(opDump, r.name, func() error {
		var errno int

		if r.ring == nil {
			return dpdk.ErrNotFound
		}
		text, errno = cgo.RingDump(r.name, r.ring)
		return control.Errno(errno)
	})
	return strings.TrimSpace(text), control.Explain(err, dpdk.ErrNotFound, control.Freed)
}

// Info describes a ring.
type Info struct {
	Name               string
	Size, Capacity     int // slots, elements when full
	Len                int // elements in it, when it was looked at
	Producer, Consumer Sync
}

// List describes all rings of the shared memory, whatever their elements are.
func List() ([]Info, error) {
	var all []Info
	err := control.Call(opList, "", func() error {
		for _, i := range cgo.Rings() {
			all = append(all, Info{i.Name, int(i.Size), int(i.Capacity), int(i.Count), Sync(i.ProducerSync), Sync(i.ConsumerSync)})
		}
		return nil
	})
	return all, err
}
