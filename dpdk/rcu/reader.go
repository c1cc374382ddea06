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
	"github.com/godpdk/godpdk/dpdk/internal/release"
)

// Reader reports quiescent states to a QSBR. It belongs to one goroutine at a time and must
// not be used after EAL has closed. After Unregister its methods do nothing.
type Reader struct {
	token *atomic.Uint64 // of the variable
	cnt   *uint64        // of the reader
	q     *QSBR
	id    int
}

// Register makes a reader with this ID. The reader starts offline: writers do not wait for
// it until [Reader.Online]. When its process has ended, the primary unregisters it.
//
// Errors: dpdk.ErrExist if the ID is registered, possibly by a process that died a moment ago;
// dpdk.ErrInvalid.
//
// Implements: rte_rcu_qsbr_thread_register
func (q *QSBR) Register(id int) (*Reader, error) {
	if err := q.checkID(opRegister, id); err != nil {
		return nil, err
	}
	var r *Reader
	err := q.call(opRegister, func() error {
		errno := cgo.RCURegister(q.name, q.v, uint32(id))
		if errno == 0 {
			r = &Reader{q.token, (*uint64)(unsafe.Add(q.v, cgo.RCUCnt+id*cgo.RCUStride)), q, id}
			release.OwnReader(q.v, id)
		}
		return control.Errno(errno)
	})
	return r, control.Explain(err, dpdk.ErrExist, fmt.Sprintf("ID %d is registered: use RegisterAny to find a free one, or QSBR.Unregister to free the ID of a dead C program", id))
}

// RegisterAny makes a reader with the first free ID: see [QSBR.Register]. The error is
// dpdk.ErrNoSpace if no ID is free.
//
// Implements: rte_rcu_qsbr_thread_register
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
	return nil, &dpdk.Error{Op: opRegister, Name: q.name, Errno: dpdk.ErrNoSpace, Detail: "all IDs are registered: unregister readers, or create the QSBR with more"}
}

// ID returns the reader's ID.
func (r *Reader) ID() int { return r.id }

// Online reports that the reader may hold references from now on. Writers wait for it until
// it calls Offline or Quiescent.
//
// Implements: rte_rcu_qsbr_thread_online
func (r *Reader) Online() {
	if cgo.RCUDebug && r.q != nil {
		cgo.RCUOnline(r.q.v, uint32(r.id))
	} else {
		// No load of shared data may come before the writers see this store.
		lockops.StoreFence64(r.cnt, r.token.Load())
	}
	racesync.Acquire(r.point())
}

// Offline reports that the reader holds no references and takes none until Online. Call it
// before the goroutine blocks or works for long without references.
//
// Implements: rte_rcu_qsbr_thread_offline
func (r *Reader) Offline() {
	racesync.Release(r.point())
	if cgo.RCUDebug && r.q != nil {
		cgo.RCUOffline(r.q.v, uint32(r.id))
		return
	}
	lockops.Store64(r.cnt, 0)
}

// Quiescent reports that the reader, which is online, holds no references at this moment.
//
// Implements: rte_rcu_qsbr_quiescent
func (r *Reader) Quiescent() {
	if cgo.RCUDebug || build.Race {
		r.quiescent()
		return
	}
	// Earlier loads stay before the store; later loads stay after the load of the token.
	if t := r.token.Load(); t != atomic.LoadUint64(r.cnt) {
		lockops.Store64(r.cnt, t)
	}
}

// quiescent is Quiescent in -race builds and with DPDK's RCU debug option.
func (r *Reader) quiescent() {
	racesync.Release(r.point())
	if cgo.RCUDebug && r.q != nil {
		cgo.RCUQuiescent(r.q.v, uint32(r.id))
	} else {
		lockops.Store64(r.cnt, r.token.Load())
	}
	racesync.Acquire(r.point())
}

// Lock marks the begin of a section that uses a reference. A DPDK built with
// RTE_LIBRTE_RCU_DEBUG logs a quiescent state inside the section. Otherwise Lock is a no-op.
//
// Implements: rte_rcu_qsbr_lock
func (r *Reader) Lock() {
	if cgo.RCUDebug && r.q != nil {
		cgo.RCULock(r.q.v, uint32(r.id))
	}
}

// Unlock marks the end of the section that Lock began.
//
// Implements: rte_rcu_qsbr_unlock
func (r *Reader) Unlock() {
	if cgo.RCUDebug && r.q != nil {
		cgo.RCUUnlock(r.q.v, uint32(r.id))
	}
}

// Synchronize does what [QSBR.Synchronize] does, for a goroutine that is a reader. It reports a
// quiescent state and waits for the other readers. If two online readers call it at the same time, they
// wait for each other until their contexts end: the others must be offline.
//
// Implements: rte_rcu_qsbr_synchronize
func (r *Reader) Synchronize(ctx context.Context) error {
	if r.q == nil {
		return &dpdk.Error{Op: opCheck, Errno: dpdk.ErrNotFound, Detail: "the reader was unregistered: call Register"}
	}
	var t Token
	if err := r.q.call(opCheck, func() error { t = r.q.Start(); return nil }); err != nil {
		return err
	}
	if atomic.LoadUint64(r.cnt) != 0 {
		r.Quiescent()
	}
	return r.q.Wait(ctx, t)
}

// Unregister takes the reader offline and frees its ID. The error is dpdk.ErrNotFound if it
// was unregistered before, here or by [QSBR.Unregister].
//
// Implements: rte_rcu_qsbr_thread_unregister
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

// point is the address by which the race detector knows the variable.
func (r *Reader) point() unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(r.token), -cgo.RCUToken)
}
