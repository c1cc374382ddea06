package rcu

import (
	"context"
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// Reader is one that reports to a QSBR. It belongs to one goroutine at a time, and must
// not be used after Close of EAL. After Unregister its methods do nothing.
type Reader struct {
	token *atomic.Uint64 // of the variable
	cnt   *uint64        // of the reader
	q     *QSBR
	id    int
}

// Register makes a reader with an id that no other has (rte_rcu_qsbr_thread_register). It
// begins offline: nobody waits for it until Online. Errors: dpdk.ErrExist if the id is
// registered, by a dead process perhaps, dpdk.ErrInvalid.
func (q *QSBR) Register(id int) (*Reader, error) {
	if err := q.checkID(opRegister, id); err != nil {
		return nil, err
	}
	var r *Reader
	err := q.control(opRegister, func() int {
		errno := cgo.RCURegister(q.name, q.v, uint32(id))
		if errno == 0 {
			r = &Reader{q.token, (*uint64)(unsafe.Add(q.v, cgo.RCUCnt+id*cgo.RCUStride)), q, id}
		}
		return errno
	})
	return r, control.Explain(err, dpdk.ErrExist, fmt.Sprintf("id %d is registered: RegisterAny finds a free one, and Unregister frees one of a dead process", id))
}

// RegisterAny is Register with the first id that is free. The error is dpdk.ErrNoSpace if
// none is.
func (q *QSBR) RegisterAny() (*Reader, error) {
	for id := range q.max {
		r, err := q.Register(id)
		if err == nil {
			return r, nil
		}
		if e := err.(*dpdk.Error); e.Errno != dpdk.ErrExist {
			return nil, err
		}
	}
	return nil, &dpdk.Error{Op: opRegister, Name: q.name, Errno: dpdk.ErrNoSpace, Detail: "all ids are registered"}
}

// ID is the reader's id.
func (r *Reader) ID() int { return r.id }

// Online says that the reader may have references from now on
// (rte_rcu_qsbr_thread_online). Writers wait for it until it is Offline or Quiescent.
func (r *Reader) Online() {
	if cgo.RCUDebug && r.q != nil {
		cgo.RCUOnline(r.q.v, uint32(r.id))
	} else {
		// No load of what is shared may come before the writers see this store.
		lockops.StoreFence64(r.cnt, r.token.Load())
	}
	racesync.Acquire(r.point())
}

// Offline says that the reader has no references and will take none until Online
// (rte_rcu_qsbr_thread_offline): for what blocks, or takes long.
func (r *Reader) Offline() {
	racesync.Release(r.point())
	if cgo.RCUDebug && r.q != nil {
		cgo.RCUOffline(r.q.v, uint32(r.id))
		return
	}
	lockops.Store64(r.cnt, 0)
}

// Quiescent says that the reader has no references at this moment
// (rte_rcu_qsbr_quiescent). It is for a reader that is online.
func (r *Reader) Quiescent() {
	if cgo.RCUDebug || build.Race {
		r.quiescent()
		return
	}
	// The loads before stay before the store, those after stay after the load of the token.
	if t := r.token.Load(); t != atomic.LoadUint64(r.cnt) {
		lockops.Store64(r.cnt, t)
	}
}

// quiescent is Quiescent in builds that want to know more.
func (r *Reader) quiescent() {
	racesync.Release(r.point())
	if cgo.RCUDebug && r.q != nil {
		cgo.RCUQuiescent(r.q.v, uint32(r.id))
	} else {
		lockops.Store64(r.cnt, r.token.Load())
	}
	racesync.Acquire(r.point())
}

// Lock says that the reader begins to use a reference (rte_rcu_qsbr_lock). Only a DPDK
// built with RTE_LIBRTE_RCU_DEBUG counts, and then its log tells of a reader that is
// quiescent in between; otherwise it does nothing.
func (r *Reader) Lock() {
	if cgo.RCUDebug && r.q != nil {
		cgo.RCULock(r.q.v, uint32(r.id))
	}
}

// Unlock ends what Lock began (rte_rcu_qsbr_unlock).
func (r *Reader) Unlock() {
	if cgo.RCUDebug && r.q != nil {
		cgo.RCUUnlock(r.q.v, uint32(r.id))
	}
}

// Synchronize is QSBR.Synchronize for a reader, which is quiescent at that moment:
// it waits for the others. Of readers that do so at the same time only one must be online:
// they would wait for each other until their contexts end.
func (r *Reader) Synchronize(ctx context.Context) error {
	if r.q == nil {
		return &dpdk.Error{Op: opCheck, Errno: dpdk.ErrNotFound, Detail: "the reader is unregistered"}
	}
	var t Token
	if err := r.q.control(opCheck, func() int { t = r.q.Start(); return 0 }); err != nil {
		return err
	}
	if atomic.LoadUint64(r.cnt) != 0 {
		r.Quiescent()
	}
	return r.q.Wait(ctx, t)
}

// Unregister ends the reader: it goes offline and its id is free
// (rte_rcu_qsbr_thread_unregister). The error is dpdk.ErrNotFound if it was unregistered
// before, by QSBR.Unregister perhaps.
func (r *Reader) Unregister() error {
	if r.q == nil {
		return &dpdk.Error{Op: opUnregister, Errno: dpdk.ErrNotFound, Detail: "unregistered before"}
	}
	racesync.Release(r.point())
	err := r.q.Unregister(r.id)
	if err == nil {
		r.token, r.cnt, r.q = new(atomic.Uint64), new(uint64), nil
	}
	return err
}

// point is what the race detector knows the variable by.
func (r *Reader) point() unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(r.token), -cgo.RCUToken)
}
