package rcu

import (
	"fmt"
	"math"
	"reflect"
	"sync"
	"syscall"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/shared"
)

const (
	opDQCreate  = "rte_rcu_qsbr_dq_create"
	opDQEnqueue = "rte_rcu_qsbr_dq_enqueue"
	opDQReclaim = "rte_rcu_qsbr_dq_reclaim"
	opDQDelete  = "rte_rcu_qsbr_dq_delete"
)

// Limits of a defer queue.
const (
	maxElem        = 4096 // bytes: C has copies on its stack
	defaultReclaim = 32
)

// DeferConfig says how a DeferQueue works. Of the zero value only Size is missing.
type DeferConfig struct {
	// Size is how many elements may wait: at least 1. DPDK rounds it up to a power of two
	// less one.
	Size int
	// TriggerReclaim is how many elements may wait before Enqueue reclaims
	// (trigger_reclaim_limit); 0 reclaims in each Enqueue.
	TriggerReclaim int
	// MaxReclaim is how many elements one Enqueue frees at most (max_reclaim_size); 0 is
	// 32, or Size if that is less.
	MaxReclaim int
	// OnlyReclaim leaves all freeing to Reclaim: Enqueue does not.
	OnlyReclaim bool
	// SingleThread says that one goroutine at a time uses the queue, which is cheaper
	// (RTE_RCU_QSBR_DQ_MT_UNSAFE).
	SingleThread bool
}

// DeferQueue keeps elements until no reader can have a reference to them, and then gives
// them to a function (rte_rcu_qsbr_dq). A T is what the function needs to free
// one: an index, a handle; it has no Go pointers and a multiple of 4 bytes.
//
// The queue belongs to the process that made it, and its goroutines may use it side by side.
// It lives until Delete. A process that dies leaves the elements that wait in a ring of the
// queue's name, each behind its token of 8 bytes.
//
// The queue is DPDK's. Its free function is C that collects what a call frees, and Go
// frees it when the call has returned: a call of Go for each element would cost more than all
// the rest, and a panic could not pass through C.
type DeferQueue[T any] struct {
	q       *QSBR
	name    string
	free    func(T)
	max     int       // freed by one Enqueue
	buffers sync.Pool // of *[]T, max long
	mu      sync.RWMutex
	dq      cgo.RCUDQ // nil after Delete
}

// NewDeferQueue makes a queue (rte_rcu_qsbr_dq_create) whose elements free gets. It
// runs in the goroutine that calls Enqueue, Reclaim or Delete, must not call Delete, and must
// not panic, for the elements freed with it would be lost.
//
// Errors: dpdk.ErrInvalid, dpdk.ErrExist (a ring has that name), dpdk.ErrNoMemory,
// dpdk.ErrNameTooLong.
func NewDeferQueue[T any](q *QSBR, name string, cfg DeferConfig, free func(T)) (*DeferQueue[T], error) {
	if err := check.Name(opDQCreate, name, cgo.RCUDQNameSize); err != nil {
		return nil, err
	}
	t := reflect.TypeFor[T]()
	if p := shared.GoPointer(t); p != "" {
		return nil, check.Invalid(opDQCreate, name, "%v holds a Go pointer (%s), which means nothing in shared memory", t, p)
	}
	if s := t.Size(); s == 0 || s%4 != 0 || s > maxElem {
		return nil, check.Invalid(opDQCreate, name, "%v has %d bytes: elements need a multiple of 4, at most %d", t, s, maxElem)
	}
	if err := cfg.check(name); err != nil {
		return nil, err
	}
	if q == nil {
		return nil, check.Invalid(opDQCreate, name, "the QSBR is nil: use Create or Lookup")
	}
	if free == nil {
		return nil, check.Invalid(opDQCreate, name, "the free function is nil")
	}
	d := &DeferQueue[T]{q: q, name: name, free: free, max: cfg.MaxReclaim}
	d.buffers.New = func() any { b := make([]T, d.max); return &b }
	trigger, flags := uint32(cfg.TriggerReclaim), uint32(0)
	if cfg.OnlyReclaim {
		trigger = 1<<32 - 1
	}
	if cfg.SingleThread {
		flags = cgo.RCUDQMTUnsafe
	}
	err := q.control(opDQCreate, func() (errno int) {
		d.dq, errno = cgo.RCUDQCreate(name, q.v, flags, uint32(cfg.Size), uint32(t.Size()), trigger, uint32(d.max))
		return errno
	})
	if err != nil {
		err = control.Explain(err, dpdk.ErrExist, fmt.Sprintf("a ring has the name %q: use another name", name))
		return nil, control.ExplainCreate(err, dpdk.AnySocket)
	}
	return d, nil
}

// check refuses what C would not understand, and sets defaults.
func (c *DeferConfig) check(name string) error {
	const limit = 1 << 24
	if c.Size < 1 || c.Size > limit {
		return check.Invalid(opDQCreate, name, "Size is %d: use 1 to %d", c.Size, limit)
	}
	if c.TriggerReclaim < 0 || c.TriggerReclaim > c.Size {
		return check.Invalid(opDQCreate, name, "TriggerReclaim is %d: use 0 to Size, or OnlyReclaim", c.TriggerReclaim)
	}
	if c.MaxReclaim < 0 || c.MaxReclaim > c.Size {
		return check.Invalid(opDQCreate, name, "MaxReclaim is %d: use 1 to Size, or 0", c.MaxReclaim)
	}
	if c.MaxReclaim == 0 {
		c.MaxReclaim = min(defaultReclaim, c.Size)
	}
	return nil
}

// Name is the queue's name.
func (d *DeferQueue[T]) Name() string { return d.name }

// Enqueue starts a grace period for e, which new readers cannot find any more, and keeps e
// until it is over (rte_rcu_qsbr_dq_enqueue). It may free others before.
//
// Errors: dpdk.ErrNoSpace if the queue is full, and then e is still the caller's: let
// readers go on and try again; dpdk.ErrNotFound after Delete.
func (d *DeferQueue[T]) Enqueue(e T) error {
	_, err := d.call(opDQEnqueue, func(buf []T) (int, int) {
		n, errno := cgo.RCUDQEnqueue(d.dq, unsafe.Pointer(&e), unsafe.Pointer(&buf[0]), uint32(len(buf)))
		return int(n), errno
	})
	return err
}

// Reclaim frees up to n elements whose grace periods are over, oldest first, and returns
// how many (rte_rcu_qsbr_dq_reclaim). It does not wait.
func (d *DeferQueue[T]) Reclaim(n int) (freed int, err error) {
	for freed < n {
		got, err := d.call(opDQReclaim, func(buf []T) (int, int) {
			k, _, errno := cgo.RCUDQReclaim(d.dq, unsafe.Pointer(&buf[0]), uint32(min(len(buf), n-freed)))
			return int(k), errno
		})
		freed += got
		if err != nil || got == 0 {
			return freed, err
		}
	}
	return freed, nil
}

// Delete frees all elements and the queue (rte_rcu_qsbr_dq_delete). The error is
// syscall.EAGAIN if readers may have references to some yet: the queue goes on then. Let them
// go on, with QSBR.Synchronize for one, and try again.
func (d *DeferQueue[T]) Delete() error {
	if _, err := d.Reclaim(math.MaxInt); err != nil {
		return err
	}
	var last [1]T
	n := uint32(0)
	d.mu.Lock()
	err := d.q.control(opDQDelete, func() int {
		if d.dq == nil {
			return int(dpdk.ErrNotFound)
		}
		var pending uint32
		var errno int
		if n, pending, errno = cgo.RCUDQReclaim(d.dq, unsafe.Pointer(&last), 1); n != 0 || pending != 0 {
			return int(syscall.EAGAIN)
		}
		if errno == 0 {
			errno = cgo.RCUDQDelete(d.dq)
		}
		if errno == 0 {
			d.dq = nil
		}
		return errno
	})
	d.mu.Unlock()
	if n == 0 {
		return deleted(err)
	}
	d.free(last[0]) // it became free since, as others may have
	return d.Delete()
}

// call makes a call of C and frees what it freed.
func (d *DeferQueue[T]) call(op string, f func(buf []T) (n, errno int)) (n int, err error) {
	if d.q == nil {
		return 0, &dpdk.Error{Op: op, Errno: dpdk.ErrNotFound, Detail: "a zero DeferQueue: use NewDeferQueue"}
	}
	buf := d.buffers.Get().(*[]T)
	defer d.buffers.Put(buf)
	d.mu.RLock()
	err = d.q.control(op, func() (errno int) {
		if d.dq == nil {
			return int(dpdk.ErrNotFound)
		}
		n, errno = f(*buf)
		return errno
	})
	d.mu.RUnlock()
	for _, e := range (*buf)[:n] {
		d.free(e)
	}
	return n, deleted(err)
}

func deleted(err error) error {
	return control.Explain(err, dpdk.ErrNotFound, "the queue was deleted before")
}
