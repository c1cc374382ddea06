// Package ring passes fixed-size elements between threads and processes through
// lock-free rings in shared memory (rte_ring). Go and C programs can use the same
// ring at the same time.
//
// [Create], [Lookup], [Ring.Free] and [List] may be called from any goroutine, in primary
// and secondary, between eal.Init and Close. [Config] determines how many threads may
// enqueue and dequeue at the same time. On a [Single] side only one goroutine of all
// processes may be active at a time. Builds with the tag godpdk_debug panic when two goroutines of
// one process are active on a Single side at once; they do not see other processes.
//
// Enqueue and dequeue do not call C and do not allocate. A full or empty ring is not an
// error. Bulk calls move all elements or none; Burst calls move as many as possible. Both
// return the number of elements moved.
package ring

import (
	"math/bits"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/inuse"
	"github.com/godpdk/godpdk/dpdk/internal/layout"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringlayout"
)

const (
	opCreate = "rte_ring_create_elem"
	opLookup = "rte_ring_lookup"
	opFree   = "rte_ring_free"
	opDump   = "rte_ring_dump"
	opList   = "rte_ring_list_dump"
)

// MaxName is the maximum length of a name, in bytes.
const MaxName = cgo.RingNameSize - 1

// MaxCount is the largest count that [Create] accepts.
const MaxCount = (cgo.RingSizeMask + 1) / 2

// Ring is a handle to a ring of T. T must not contain Go pointers, and its size must be a
// multiple of 4 bytes. A ring of an 8-byte T is the same as a ring of void * in C. Dropping
// the handle frees nothing.
//
// The ring is valid until any process calls Free, or until this process closes EAL. Using
// it later accesses unmapped memory.
type Ring[T any] struct {
	core    ringcore.Ring
	out, in ringcore.One
	guard   guard
	ring    cgo.Ring
	name    string
	mu      sync.Mutex // held while Free changes the fields
}

// handles counts the handles.
var handles atomic.Uint64

// Create makes a ring. The count is a power of two, of which the ring holds one element
// less; with Config.ExactSize it is any number, and the ring holds that many.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNoSpace, dpdk.ErrNameTooLong,
// dpdk.ErrInvalid (the count, the mode, the socket, or T); dpdk.ErrTimeout if memory must grow
// and another process does not answer.
//
// Implements: rte_ring_create_elem, rte_ring_create
func Create[T any](name string, count int, cfg Config) (*Ring[T], error) {
	if err := check.Name(opCreate, name, cgo.RingNameSize); err != nil {
		return nil, err
	}
	esize, err := elemSize[T](opCreate, name)
	if err != nil {
		return nil, err
	}
	return create[T](name, esize, count, cfg, layout.Of(reflect.TypeFor[T]()))
}

// create makes a ring of elements of esize bytes, which others see as t. T matters to the methods that move elements.
func create[T any](name string, esize uint32, count int, cfg Config, t layout.Type) (*Ring[T], error) {
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
		return nil, check.Invalid(opCreate, name, "the count %d is not a power of two: use %d, or set Config.ExactSize", count, 1<<bits.Len(uint(count)))
	case !cfg.ExactSize && count == 1:
		return nil, check.Invalid(opCreate, name, "a ring of count 1 has no room for an element: use 2, or set Config.ExactSize")
	}
	r, err := open[T](opCreate, name, esize, func() (i cgo.RingInfo, _ layout.Type, err error) {
		i, err = objects.RingCreate(name, esize, uint32(count), cfg.Socket.Int(), flags, t)
		return i, layout.Type{}, err
	})
	return r, control.ExplainCreate(err, cfg.Socket)
}

// Lookup finds a ring by name. Any process, also a C program, may have created it. The
// error is dpdk.ErrNotFound if no ring has that name, and dpdk.ErrInvalid if its elements
// do not have the size and the layout of T: the same kinds of numbers at the same offsets. Names do not matter.
//
// The primary knows the layout of rings that Go has created. Of other rings Lookup compares only the size, which DPDK does not
// store: Lookup computes it from the length of the ring's memzone, which is rounded up to a cache line. So in
// rings of fewer than 16 slots it cannot distinguish small element sizes.
//
// Implements: rte_ring_lookup
func Lookup[T any](name string) (*Ring[T], error) {
	if err := check.Name(opLookup, name, cgo.RingNameSize); err != nil {
		return nil, err
	}
	esize, err := elemSize[T](opLookup, name)
	if err != nil {
		return nil, err
	}
	r, err := open[T](opLookup, name, esize, func() (cgo.RingInfo, layout.Type, error) { return objects.RingOfType(name) })
	return r, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
}

func open[T any](op, name string, esize uint32, f func() (cgo.RingInfo, layout.Type, error)) (*Ring[T], error) {
	var r *Ring[T]
	err := control.Call(op, name, func() error {
		i, made, err := f()
		if err != nil {
			return err
		}
		if want := cgo.RingMemsize(esize, i.Size); i.Memory != 0 && uint64(want) != i.Memory {
			return check.Invalid(op, name, "%v has %d bytes, but the ring of %d slots was made for elements of about %d",
				reflect.TypeFor[T](), esize, i.Size, (i.Memory-cgo.RingSizeof)/uint64(i.Size))
		}
		if t := layout.Of(reflect.TypeFor[T]()); !made.Fits(t) {
			return check.Invalid(op, name, "%s has another layout than %s, for which the ring was made: use the same type", t.Name, made.Name)
		}
		core, err := ringlayout.Describe(i, esize)
		if err != nil {
			return check.Invalid(op, name, "%v", err)
		}
		core.ID = handles.Add(1)
		r = &Ring[T]{core: core, guard: guardOf(i.Ring), ring: i.Ring, name: name}
		r.out, r.in = ringcore.NewOnes(&r.core)
		return nil
	})
	return r, err
}

const maxElemSize = 1 << 20

// elemSize returns T's size, or an error if T cannot be an element.
func elemSize[T any](op, name string) (uint32, error) {
	t := reflect.TypeFor[T]()
	if err := check.NoPointers(op, name, t); err != nil {
		return 0, err
	}
	size := t.Size()
	if size == 0 || size%4 != 0 {
		return 0, check.Invalid(op, name, "%v has %d bytes, which is not a multiple of 4: pad it", t, size)
	}
	if size > maxElemSize {
		return 0, check.Invalid(op, name, "%v has %d bytes, but the limit is 1 MiB: keep the data in a memzone and enqueue its offset", t, size)
	}
	return uint32(size), nil
}

// Pointer returns the struct rte_ring, for C, or nil after Free on this handle.
func (r *Ring[T]) Pointer() unsafe.Pointer { return r.ring }

// Name returns the ring's name.
func (r *Ring[T]) Name() string { return r.name }

// Free destroys the ring for all processes. No process may use it afterwards. Elements
// still in the ring are discarded. On this handle, later enqueues and dequeues move
// nothing.
//
// Errors: dpdk.ErrNotFound if this or another process has freed the ring before;
// dpdk.ErrBusy if it belongs to a mempool, or to a port of this process (package netring):
// free the pool or detach the port first.
//
// Free compares addresses only, so it may free a newer ring of the same name: have a single
// owner call it.
//
// Implements: rte_ring_free
func (r *Ring[T]) Free() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return inuse.Free(opFree, r.name, r.ring, nil, r.free)
}

// free destroys a ring that no port of this process uses. The caller holds mu.
func (r *Ring[T]) free() error {
	err := control.CallOn(opFree, r.name, r.ring, func() error {
		if pool, ok := strings.CutPrefix(r.name, "MP_"); ok {
			if i, err := objects.MempoolLookup(pool); err == nil && i.Data == r.ring {
				return dpdk.ErrBusy
			}
		}
		return objects.RingFree(r.name, r.ring)
	})
	err = control.Explain(err, dpdk.ErrBusy, "it holds the free objects of a mempool: free the pool")
	if err == nil {
		r.guard.forget(r.ring)
		r.core, r.ring = gone, nil
		r.out, r.in = ringcore.NewOnes(&r.core)
	}
	return err
}

// gone is a ring without elements and without room, for freed handles.
var gone, _ = ringcore.New(&ringcore.HeadTail{SyncType: ringcore.Single}, &ringcore.HeadTail{SyncType: ringcore.Single},
	unsafe.Pointer(new(uint64)), 1, 0, 8)

// Producer returns the mode of the producer side.
//
// Implements: rte_ring_get_prod_sync_type, rte_ring_is_prod_single
func (r *Ring[T]) Producer() Sync { return Sync(r.core.ProdSync) }

// Consumer returns the mode of the consumer side.
//
// Implements: rte_ring_get_cons_sync_type, rte_ring_is_cons_single
func (r *Ring[T]) Consumer() Sync { return Sync(r.core.ConsSync) }

// Capacity returns the number of elements in a full ring.
//
// Implements: rte_ring_get_capacity
func (r *Ring[T]) Capacity() int { return int(r.core.Capacity) }

// Size returns the number of slots, which is more than Capacity.
//
// Implements: rte_ring_get_size
func (r *Ring[T]) Size() int { return int(r.core.Size) }

// Len returns the number of elements in the ring at some moment during the call.
//
// Implements: rte_ring_count
func (r *Ring[T]) Len() int { return int(r.core.Count()) }

// FreeLen returns the number of elements for which the ring has room.
//
// Implements: rte_ring_free_count
func (r *Ring[T]) FreeLen() int { return int(r.core.FreeCount()) }

// Empty reports whether Len() == 0.
//
// Implements: rte_ring_empty
func (r *Ring[T]) Empty() bool { return r.core.Count() == 0 }

// Full reports whether FreeLen() == 0.
//
// Implements: rte_ring_full
func (r *Ring[T]) Full() bool { return r.core.FreeCount() == 0 }

// Dump returns DPDK's description of the ring. The error is dpdk.ErrNotFound if the ring
// was freed.
//
// Implements: rte_ring_dump
func (r *Ring[T]) Dump() (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var text string
	err := control.CallOn(opDump, r.name, r.ring, func() (err error) {
		text, err = objects.RingDump(r.name, r.ring)
		return err
	})
	return strings.TrimSpace(text), err
}

// Info describes a ring.
type Info struct {
	Name               string
	Size               int // number of slots
	Capacity           int // number of elements when full
	Len                int // number of elements at the time of the call
	Producer, Consumer Sync
}

func info(i cgo.RingInfo) Info {
	return Info{i.Name, int(i.Size), int(i.Capacity), int(i.Count), Sync(i.ProducerSync), Sync(i.ConsumerSync)}
}

// Info describes the ring. The error is dpdk.ErrNotFound if the ring was freed.
//
// Implements: rte_ring_lookup
func (r *Ring[T]) Info() (Info, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var now cgo.RingInfo
	err := control.CallOn(opLookup, r.name, r.ring, func() (err error) {
		if now, err = objects.RingLookup(r.name); err == nil && now.Ring != r.ring {
			return dpdk.ErrNotFound // a newer ring of this name
		}
		return err
	})
	return info(now), err
}

// List describes all rings of the file prefix, of any element type.
//
// Implements: rte_ring_list_dump
func List() ([]Info, error) {
	var all []Info
	err := control.Call(opList, "", func() error {
		rings, err := objects.Rings()
		for _, i := range rings {
			all = append(all, info(i))
		}
		return err
	})
	return all, err
}
