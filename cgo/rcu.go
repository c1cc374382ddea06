//go:build linux

package cgo

/*
#include "godpdk_rcu.h"

#cgo noescape godpdk_rcu_check
#cgo nocallback godpdk_rcu_check
#cgo noescape godpdk_rcu_dq_enqueue
#cgo nocallback godpdk_rcu_dq_enqueue
#cgo noescape godpdk_rcu_dq_reclaim
#cgo nocallback godpdk_rcu_dq_reclaim
*/
import "C"

import "unsafe"

// Flags and limits of rte_rcu_qsbr.h.
const (
	RCUDebug      = C.GODPDK_RCU_DEBUG != 0
	RCUDQNameSize = C.RTE_RCU_QSBR_DQ_NAMESIZE
	RCUDQMTUnsafe = C.RTE_RCU_QSBR_DQ_MT_UNSAFE
)

// Layout of struct rte_rcu_qsbr, in bytes. The counters of its threads begin at RCUCnt.
const (
	RCUToken  = C.GODPDK_RCU_TOKEN
	RCUCnt    = C.GODPDK_RCU_CNT
	RCUStride = C.GODPDK_RCU_STRIDE
	RCUOwner  = C.GODPDK_RCU_OWNER // a word of godpdk beside each counter
)

// RCU points to a struct rte_rcu_qsbr.
type RCU = unsafe.Pointer

// RCUDQ points to a struct rte_rcu_qsbr_dq.
type RCUDQ = unsafe.Pointer

func rcu(v RCU) *C.struct_rte_rcu_qsbr { return (*C.struct_rte_rcu_qsbr)(v) }

// RCUCreate creates a variable in a new memzone.
//
// Implements: rte_rcu_qsbr_get_memsize, rte_rcu_qsbr_init
func RCUCreate(name string, maxThreads uint32, socket int) (RCU, int) {
	return pointer(withName(name, func(n *C.char) C.struct_godpdk_ptr {
		return C.godpdk_rcu_create(n, C.uint32_t(maxThreads), C.int(socket))
	}))
}

// RCULookup finds the variable of [RCUCreate] and its room for threads. It returns EAGAIN if
// the zone does not hold a complete variable.
func RCULookup(name string) (v RCU, maxThreads uint32, errno int) {
	s := withName(name, func(n *C.char) C.struct_godpdk_rcu_search { return C.godpdk_rcu_lookup(n) })
	return unsafe.Pointer(s.v), uint32(s.max_threads), int(s.err)
}

// RCURegister registers a thread, offline. It returns EEXIST if the id is registered. This
// function and those below return ENOENT if name no longer refers to v.
//
// Implements: rte_rcu_qsbr_thread_register
func RCURegister(name string, v RCU, id uint32) int {
	return withName(name, func(n *C.char) int { return int(C.godpdk_rcu_register(n, rcu(v), C.uint32_t(id))) })
}

// RCUUnregister unregisters a thread, offline. It returns ENOENT if the id is not registered.
//
// Implements: rte_rcu_qsbr_thread_offline, rte_rcu_qsbr_thread_unregister
func RCUUnregister(name string, v RCU, id uint32) int {
	return withName(name, func(n *C.char) int { return int(C.godpdk_rcu_unregister(n, rcu(v), C.uint32_t(id))) })
}

// RCUReaders copies the ids and counters of the registered threads. v has room for max.
func RCUReaders(name string, v RCU, max int) (ids []uint32, cnts []uint64, errno int) {
	ids, cnts = make([]uint32, max), make([]uint64, max)
	n := C.uint32_t(max)
	errno = withName(name, func(name *C.char) int {
		return int(C.godpdk_rcu_readers(name, rcu(v), (*C.uint32_t)(&ids[0]), (*C.uint64_t)(&cnts[0]), &n))
	})
	return ids[:n], cnts[:n], errno
}

// RCUReleased is a reader that [RCURelease] has unregistered.
type RCUReleased struct {
	Name string // of the variable
	ID   uint32
}

// RCURelease unregisters the readers of all variables that have the owner dead. by is the owner meanwhile.
func RCURelease(dead, by uint32) (all []RCUReleased) {
	var r [64]C.struct_godpdk_rcu_released
	for n := C.uint32_t(len(r)); n == C.uint32_t(len(r)); {
		C.godpdk_rcu_release(C.uint32_t(dead), C.uint32_t(by), &r[0], &n)
		for i := range r[:n] {
			all = append(all, RCUReleased{C.GoString(&r[i].name[0]), uint32(r[i].id)})
		}
	}
	return all
}

// RCUCount returns the number of registered threads, 0 if name no longer refers to v.
func RCUCount(name string, v RCU) uint32 {
	return withName(name, func(n *C.char) uint32 { return uint32(C.godpdk_rcu_count(n, rcu(v))) })
}

// RCUCheckArg is struct godpdk_rcu_check.
type RCUCheckArg struct {
	V     RCU
	Token uint64
}

type (
	_ [unsafe.Sizeof(RCUCheckArg{}) - C.sizeof_struct_godpdk_rcu_check]struct{}
	_ [C.sizeof_struct_godpdk_rcu_check - unsafe.Sizeof(RCUCheckArg{})]struct{}
)

// RCUCheckAddress is the C function int32_t f(void *) that checks an [RCUCheckArg].
var RCUCheckAddress = unsafe.Pointer(C.godpdk_rcu_check)

// RCUCheck reports whether the grace period of token has ended. It does not wait.
//
// Implements: rte_rcu_qsbr_check
func RCUCheck(v RCU, token uint64) bool {
	c := RCUCheckArg{v, token}
	return C.godpdk_rcu_check(unsafe.Pointer(&c)) != 0
}

// RCUOnline puts a thread online.
//
// Implements: rte_rcu_qsbr_thread_online
func RCUOnline(v RCU, id uint32) { C.rte_rcu_qsbr_thread_online(rcu(v), C.uint(id)) }

// RCUOffline puts a thread offline.
//
// Implements: rte_rcu_qsbr_thread_offline
func RCUOffline(v RCU, id uint32) { C.rte_rcu_qsbr_thread_offline(rcu(v), C.uint(id)) }

// RCUQuiescent reports a quiescent state.
//
// Implements: rte_rcu_qsbr_quiescent
func RCUQuiescent(v RCU, id uint32) { C.rte_rcu_qsbr_quiescent(rcu(v), C.uint(id)) }

// RCULock counts a lock of a thread.
//
// Implements: rte_rcu_qsbr_lock
func RCULock(v RCU, id uint32) { C.rte_rcu_qsbr_lock(rcu(v), C.uint(id)) }

// RCUUnlock undoes [RCULock].
//
// Implements: rte_rcu_qsbr_unlock
func RCUUnlock(v RCU, id uint32) { C.rte_rcu_qsbr_unlock(rcu(v), C.uint(id)) }

// RCUDump describes a variable as text.
//
// Implements: rte_rcu_qsbr_dump
func RCUDump(name string, v RCU) (string, int) {
	return text(withName(name, func(n *C.char) C.struct_godpdk_text { return C.godpdk_rcu_dump(n, rcu(v)) }))
}

// RCUDQCreate creates a defer queue. Its calls return the elements that they freed.
//
// Implements: rte_rcu_qsbr_dq_create
func RCUDQCreate(name string, v RCU, flags, size, elemSize, trigger, maxReclaim uint32) (RCUDQ, int) {
	return pointer(withName(name, func(n *C.char) C.struct_godpdk_ptr {
		return C.godpdk_rcu_dq_create(n, rcu(v), C.uint32_t(flags), C.uint32_t(size), C.uint32_t(elemSize),
			C.uint32_t(trigger), C.uint32_t(maxReclaim))
	}))
}

// RCUDQEnqueue enqueues elem. freed must have room for the queue's maxReclaim elements. n of
// them were freed, also with an error.
//
// Implements: rte_rcu_qsbr_dq_enqueue
func RCUDQEnqueue(dq RCUDQ, elem, freed unsafe.Pointer, room uint32) (n uint32, errno int) {
	c := C.uint32_t(room)
	errno = int(C.godpdk_rcu_dq_enqueue((*C.struct_rte_rcu_qsbr_dq)(dq), (*C.uintptr_t)(elem), (*C.uintptr_t)(freed), &c))
	return uint32(c), errno
}

// RCUDQReclaim frees at most max elements and stores them in freed.
//
// Implements: rte_rcu_qsbr_dq_reclaim
func RCUDQReclaim(dq RCUDQ, freed unsafe.Pointer, max uint32) (n, pending uint32, errno int) {
	c, p := C.uint32_t(max), C.uint32_t(0)
	errno = int(C.godpdk_rcu_dq_reclaim((*C.struct_rte_rcu_qsbr_dq)(dq), (*C.uintptr_t)(freed), &c, &p))
	return uint32(c), uint32(p), errno
}

// RCUDQDelete frees an empty queue.
//
// Implements: rte_rcu_qsbr_dq_delete
func RCUDQDelete(dq RCUDQ) int { return int(C.godpdk_rcu_dq_delete((*C.struct_rte_rcu_qsbr_dq)(dq))) }
