package mempool

import (
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// inStore returns the objects that the ops store. Call it in control calls only. The error is
// dpdk.ErrBusy if a thread is in the middle of a get or put, and dpdk.ErrUnsupported for ops that
// are neither a ring nor a stack. look describes a stack.
func (p *Pool) inStore(op string) (objs []uintptr, look cgo.StackLook, err error) {
	if p.isRing {
		objs, ok := ringObjects(&p.ring)
		if !ok {
			err = busyStore(op, p.info.Name)
		}
		return objs, look, err
	}
	objs, look, errno := cgo.StackObjects(p.info.Name, p.mp, p.info.Size)
	return objs, look, storeError(op, &p.info, errno)
}

// storeError describes an error of the functions for stacks.
func storeError(op string, i *cgo.MempoolInfo, errno int) error {
	e := &dpdk.Error{Op: op, Name: i.Name, Errno: dpdk.Errno(errno)}
	switch syscall.Errno(errno) {
	case syscall.ENOTSUP:
		e.Detail = "the ops " + i.Ops + ` are neither a ring nor a stack: use "lf_stack"`
	case syscall.EBUSY:
		return busyStore(op, i.Name)
	case linux.EUCLEAN:
		e.Detail = "the stack of the pool is damaged: free the pool and create it again"
	case syscall.ENOENT:
		return freedBefore(op, i.Name)
	default:
		return control.Errno(errno)
	}
	return e
}

func busyStore(op, name string) error {
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrBusy,
		Detail: `a thread is in the middle of a get or put: stop all users of the pool first. If a process was killed there, only a pool with the ops "lf_stack" can be repaired`}
}

// ringObjects returns the objects in a ring. ok is false if a thread is in the middle of an
// operation.
func ringObjects(r *ringcore.Ring) (objs []uintptr, ok bool) {
	if r.Capacity == 0 { // a pool without objects
		return nil, true
	}
	from, getting := headOf(r.Cons)
	_, putting := headOf(r.Prod)
	to := atomic.LoadUint32(&r.Prod.Tail)
	for at := from; at != to && len(objs) <= int(r.Mask); at++ {
		objs = append(objs, *(*uintptr)(unsafe.Add(r.Slots, uintptr(at&r.Mask)*wordSize)))
	}
	return objs, !getting && !putting
}

// headOf returns where the next thread enters, and whether a thread is inside.
func headOf(h *ringcore.HeadTail) (head uint32, inside bool) {
	if h.SyncType == ringcore.RTS { // both words are a count of threads and a position
		word := atomic.LoadUint64(&h.RTSHead)
		head = uint32(word >> 32)
		return head, head != atomic.LoadUint32(&h.Tail) || uint32(word) != atomic.LoadUint32(&h.Head)
	}
	head = atomic.LoadUint32(&h.Head)
	return head, head != atomic.LoadUint32(&h.Tail)
}

// each calls f for the objects of a cache, which others may be using.
func (h *cacheHead) each(f func(o uintptr)) {
	for i := range min(atomic.LoadUint32(&h.len), 2*cgo.MempoolCacheMax) {
		f(*h.object(i))
	}
}
