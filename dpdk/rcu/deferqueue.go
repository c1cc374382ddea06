package rcu

import (
	"fmt"
	"math"
	"reflect"
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

const (
	opDQCreate  = "rte_rcu_qsbr_dq_create"
	opDQEnqueue = "rte_rcu_qsbr_dq_enqueue"
	opDQReclaim = "rte_rcu_qsbr_dq_reclaim"
	opDQClose   = "rte_rcu_qsbr_dq_delete"
)

// Limits of a defer queue.
const (
	maxElem        = 4096 // bytes: C copies elements to its stack
	defaultReclaim = 32
)

// DeferConfig configures a [DeferQueue]. Only Size is required.
type DeferConfig struct {
	// Size is the number of elements that may wait, at least 1. DPDK rounds it up to a power
	// of two less one.
	Size int
	// TriggerReclaim is the number of waiting elements from which on Enqueue reclaims
	// (trigger_reclaim_limit). 0 reclaims in each Enqueue.
	TriggerReclaim int
	// MaxReclaim is the maximum number of elements that one Enqueue frees
	// (max_reclaim_size). 0 is 32, or Size if that is less.
	MaxReclaim int
	// OnlyReclaim makes Enqueue free nothing: only Reclaim frees.
	OnlyReclaim bool
	// SingleThread means that one goroutine at a time uses the queue, which is cheaper
	// (RTE_RCU_QSBR_DQ_MT_UNSAFE).
	SingleThread bool
}

// DeferQueue keeps elements until no reader can hold a reference to them, and then passes
// them to a function that frees them (rte_rcu_qsbr_dq). T is the data that the function
// needs, such as an index or a handle. It must not contain Go pointers, and its size must be
// a multiple of 4 bytes.
//
// The queue belongs to the process that made it. Its goroutines may use it concurrently. If
// the process dies before Close, the waiting elements remain in a ring of the queue's name,
// each after its token of 8 bytes.
type DeferQueue[T any] struct {
	q       *QSBR
	name    string
	free    func(T)
	max     int       // elements freed by one Enqueue
	buffers sync.Pool // of *[]T, each of length max
	mu      sync.RWMutex
	dq      cgo.RCUDQ // nil after Close
}

// NewDeferQueue makes a queue that passes its elements to free. The function runs in the
// goroutine that calls Enqueue, Reclaim or Close. It must not call Close and must not panic:
// a panic loses the other elements freed by the same call.
//
// Errors: dpdk.ErrInvalid, dpdk.ErrExist (a ring has that name), dpdk.ErrNoMemory,
// dpdk.ErrNameTooLong.
//
// Implements: rte_rcu_qsbr_dq_create
func NewDeferQueue[T any](q *QSBR, name string, cfg DeferConfig, free func(T)) (*DeferQueue[T], error) {
	if err := check.Name(opDQCreate, name, cgo.RCUDQNameSize); err != nil {
		return nil, err
	}
	t := reflect.TypeFor[T]()
	if err := check.NoPointers(opDQCreate, name, t); err != nil {
		return nil, err
	}
	if s := t.Size(); s == 0 || s%4 != 0 || s > maxElem {
		return nil, check.Invalid(opDQCreate, name, "%v has %d bytes: use a multiple of 4, at most %d", t, s, maxElem)
	}
	if err := cfg.check(name); err != nil {
		return nil, err
	}
	if q == nil {
		return nil, check.Invalid(opDQCreate, name, "the QSBR is nil: use Create or Lookup to get one")
	}
	if free == nil {
		return nil, check.Invalid(opDQCreate, name, "the free function is nil: pass a function")
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
	err := q.call(opDQCreate, func() error {
		defer telserver.Enter()()
		var errno int
		d.dq, errno = cgo.RCUDQCreate(name, q.v, flags, uint32(cfg.Size), uint32(t.Size()), trigger, uint32(d.max))
		return control.Errno(errno)
	})
	if err != nil {
		err = control.Explain(err, dpdk.ErrExist, fmt.Sprintf("a ring has the name %q: use another name", name))
		return nil, control.ExplainCreate(err, dpdk.AnySocket)
	}
	return d, nil
}

// check refuses values that C cannot represent, and sets defaults.
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

// Name returns the queue's name.
func (d *DeferQueue[T]) Name() string { return d.name }

// Enqueue starts a grace period for e and keeps e until the grace period ends. New readers
// must not be able to find e. Enqueue may free other elements first.
//
// Errors: dpdk.ErrNoSpace if the queue is full; the caller still owns e then, and may try
// again after readers have reported quiescent states. dpdk.ErrNotFound after Close.
//
// Implements: rte_rcu_qsbr_dq_enqueue
func (d *DeferQueue[T]) Enqueue(e T) error {
	_, err := d.call(opDQEnqueue, func(buf []T) (int, int) {
		n, errno := cgo.RCUDQEnqueue(d.dq, unsafe.Pointer(&e), unsafe.Pointer(&buf[0]), uint32(len(buf)))
		return int(n), errno
	})
	return err
}

// Reclaim frees at most n elements after the end of their grace periods, in FIFO order, and
// returns the number freed. It does not wait.
//
// Implements: rte_rcu_qsbr_dq_reclaim
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

// Close frees all elements and the queue. The error is dpdk.ErrAgain if readers may still
// hold references to some elements; the queue remains usable then. Wait for the readers, for
// example with [QSBR.Synchronize], and try again. A second Close is a no-op.
//
// Implements: rte_rcu_qsbr_dq_delete
func (d *DeferQueue[T]) Close() error {
	d.mu.RLock()
	closed := d.q == nil || d.dq == nil
	d.mu.RUnlock()
	if closed {
		return nil
	}
	if _, err := d.Reclaim(math.MaxInt); err != nil {
		return err
	}
	var last [1]T
	n := uint32(0)
	d.mu.Lock()
	err := d.q.call(opDQClose, func() error {
		if d.dq == nil { // closed meanwhile
			return nil
		}
		var pending uint32
		var errno int
		if n, pending, errno = cgo.RCUDQReclaim(d.dq, unsafe.Pointer(&last), 1); n != 0 || pending != 0 {
			return dpdk.ErrAgain
		}
		if errno == 0 {
			errno = telserver.Exclude(func() int { return cgo.RCUDQDelete(d.dq) })
		}
		if errno == 0 {
			d.dq = nil
		}
		return control.Errno(errno)
	})
	d.mu.Unlock()
	if n == 0 {
		return err
	}
	d.free(last[0]) // its grace period ended after Reclaim, as that of others may have
	return d.Close()
}

// call runs f, in which C collects elements in buf, and then passes them to free: a call from
// C to Go for each element would dominate the cost, and a panic cannot pass through C.
func (d *DeferQueue[T]) call(op string, f func(buf []T) (n, errno int)) (n int, err error) {
	if d.q == nil {
		return 0, &dpdk.Error{Op: op, Errno: dpdk.ErrNotFound, Detail: "the DeferQueue is a zero value: use NewDeferQueue"}
	}
	buf := d.buffers.Get().(*[]T)
	defer d.buffers.Put(buf)
	d.mu.RLock()
	err = d.q.call(op, func() error {
		if d.dq == nil {
			return dpdk.ErrNotFound
		}
		var errno int
		n, errno = f(*buf)
		return control.Errno(errno)
	})
	d.mu.RUnlock()
	for _, e := range (*buf)[:n] {
		d.free(e)
	}
	return n, control.Explain(err, dpdk.ErrNotFound, "the queue was closed before")
}
