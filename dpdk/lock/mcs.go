package lock

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// MCS is an MCS lock (an rte_mcslock_t *): first come, first served, and each
// waiter looks at a place of its own, its MCSNode, which many waiters on many CPUs
// make up for. It is used through Locker.
type MCS struct{ last uintptr } // node of the queue, by its address

// MCSNode is a place in the queue of an MCS lock (rte_mcslock_t). It belongs to one
// waiter, from Lock to Unlock, and then serves the next or another lock. It lies in
// shared memory, like the lock: those before and after it in the queue write to it,
// from other processes too, which have it at the same address.
type MCSNode struct {
	next   uintptr // MCSNode
	locked int32   // the owner of the node has to wait
	_      int32
}

// MCSLocker takes an MCS lock with one node; so one goroutine uses it at a time.
type MCSLocker struct {
	lock *MCS
	node *MCSNode
}

// Locker joins a lock and a node. Both must lie in DPDK's memory, say in a struct of
// memzone.CreateValue: the error is dpdk.ErrInvalid if one is in this process's own
// memory, and dpdk.ErrNotRunning before EAL's start. Make it once and keep it.
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
			return MCSLocker{}, check.Invalid(op, "", "the %s is in no memory that processes share: "+
				"have it in a struct of memzone.CreateValue", place.name)
		}
	}
	return MCSLocker{m, node}, nil
}

// node is the node at an address.
func node(addr uintptr) *MCSNode { return *(**MCSNode)(unsafe.Pointer(&addr)) }

// Lock queues and waits until the lock is the caller's (rte_mcslock_lock).
func (l MCSLocker) Lock() {
	me := l.node
	me.locked, me.next = 1, 0 // nobody else sees it yet
	if last := atomic.SwapUintptr(&l.lock.last, uintptr(unsafe.Pointer(me))); last != 0 {
		atomic.StoreUintptr(&node(last).next, uintptr(unsafe.Pointer(me)))
		me.wait()
	}
	racesync.Acquire(unsafe.Pointer(l.lock))
}

// wait waits until the one before in the queue hands the lock over.
func (n *MCSNode) wait() {
	var w lockops.Wait
	for atomic.LoadInt32(&n.locked) != 0 {
		w.Turn()
	}
}

// TryLock takes the lock if it is free (rte_mcslock_trylock).
func (l MCSLocker) TryLock() bool {
	l.node.next = 0
	if !atomic.CompareAndSwapUintptr(&l.lock.last, 0, uintptr(unsafe.Pointer(l.node))) {
		return false
	}
	racesync.Acquire(unsafe.Pointer(l.lock))
	return true
}

// LockContext waits, outside the queue, until the lock is free, or ctx ends; then it
// returns the cause of that. All who queue go first.
func (l MCSLocker) LockContext(ctx context.Context) error { return lockContext(ctx, l.TryLock) }

// Unlock hands the lock to the next in the queue (rte_mcslock_unlock).
func (l MCSLocker) Unlock() {
	racesync.Release(unsafe.Pointer(l.lock))
	if atomic.LoadUintptr(&l.node.next) != 0 || !atomic.CompareAndSwapUintptr(&l.lock.last, uintptr(unsafe.Pointer(l.node)), 0) {
		l.node.handOver()
	}
}

// handOver waits for who has queued to say so, and lets him go on.
func (n *MCSNode) handOver() {
	var w lockops.Wait
	for {
		if next := atomic.LoadUintptr(&n.next); next != 0 {
			atomic.StoreInt32(&node(next).locked, 0)
			return
		}
		w.Turn()
	}
}

// IsLocked says whether somebody has the lock, as of now (rte_mcslock_is_locked).
func (m *MCS) IsLocked() bool { return atomic.LoadUintptr(&m.last) != 0 }
