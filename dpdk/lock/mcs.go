package lock

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// MCS is an MCS lock (an rte_mcslock_t *), fair in FIFO order. Each waiter spins on its own
// [MCSNode], which pays off with many waiters. Use it through [MCS.Locker].
type MCS struct{ last uintptr } // address of the last node in the queue

// MCSNode is a place in the queue of an [MCS] lock (rte_mcslock_t). It belongs to one waiter
// from Lock to Unlock, and can be reused then, also for another lock. It must be in shared
// memory, like the lock: its neighbours in the queue, also of other processes, write to it.
type MCSNode struct {
	next   uintptr // MCSNode
	locked int32   // 1 while the node's waiter must wait
	_      int32
}

// MCSLocker locks an [MCS] with one node. One goroutine at a time may use it.
type MCSLocker struct {
	lock *MCS
	node *MCSNode
}

// Locker returns a locker for the lock and a node. Both must be in DPDK's memory, for example
// in a struct of memzone.CreateValue. The error is dpdk.ErrInvalid if one of them is in
// private memory, and dpdk.ErrNotRunning before eal.Init. Make a locker once and keep it.
func (m *MCS) Locker(node *MCSNode) (MCSLocker, error) {
	const op = "rte_mcslock_lock"
	for _, place := range []struct {
		name string
		p    unsafe.Pointer
	}{{"lock", unsafe.Pointer(m)}, {"node", unsafe.Pointer(node)}} {
		shared := false
		if err := control.Call(op, "", func() error { shared = cgo.MemIsShared(place.p); return nil }); err != nil {
			return MCSLocker{}, err
		}
		if !shared {
			return MCSLocker{}, check.Invalid(op, "", "the %s is not in memory that processes share: "+
				"put it into a struct of memzone.CreateValue", place.name)
		}
	}
	return MCSLocker{m, node}, nil
}

// node returns the node at an address.
func node(addr uintptr) *MCSNode { return *(**MCSNode)(unsafe.Pointer(&addr)) }

// Lock queues and waits for the lock.
//
// Implements: rte_mcslock_lock
func (l MCSLocker) Lock() {
	me := l.node
	me.locked, me.next = 1, 0 // before other threads can see the node
	if last := atomic.SwapUintptr(&l.lock.last, uintptr(unsafe.Pointer(me))); last != 0 {
		atomic.StoreUintptr(&node(last).next, uintptr(unsafe.Pointer(me)))
		me.wait()
	}
	racesync.Acquire(unsafe.Pointer(l.lock))
}

// wait waits until the previous waiter in the queue passes the lock on.
func (n *MCSNode) wait() {
	var w wait.Backoff
	for atomic.LoadInt32(&n.locked) != 0 {
		w.Turn()
	}
}

// TryLock takes the lock if it is free, and reports whether it did.
//
// Implements: rte_mcslock_trylock
func (l MCSLocker) TryLock() bool {
	l.node.next = 0
	if !atomic.CompareAndSwapUintptr(&l.lock.last, 0, uintptr(unsafe.Pointer(l.node))) {
		return false
	}
	racesync.Acquire(unsafe.Pointer(l.lock))
	return true
}

// LockContext waits, outside the queue, until the lock is free or ctx ends. In the second
// case it returns the cause of ctx. All queued waiters go first.
func (l MCSLocker) LockContext(ctx context.Context) error { return lockContext(ctx, l.TryLock) }

// Unlock passes the lock to the next waiter in the queue.
//
// Implements: rte_mcslock_unlock
func (l MCSLocker) Unlock() {
	racesync.Release(unsafe.Pointer(l.lock))
	if atomic.LoadUintptr(&l.node.next) != 0 || !atomic.CompareAndSwapUintptr(&l.lock.last, uintptr(unsafe.Pointer(l.node)), 0) {
		l.node.handOver()
	}
}

// handOver waits until the next waiter has set n.next, and wakes it.
func (n *MCSNode) handOver() {
	var w wait.Backoff
	for {
		if next := atomic.LoadUintptr(&n.next); next != 0 {
			atomic.StoreInt32(&node(next).locked, 0)
			return
		}
		w.Turn()
	}
}

// IsLocked reports whether the lock is held at this moment.
//
// Implements: rte_mcslock_is_locked
func (m *MCS) IsLocked() bool { return atomic.LoadUintptr(&m.last) != 0 }
