//go:build linux

package cgo

/*
#include "godpdk_stack.h"
*/
import "C"

import "unsafe"

// StackNameSize is RTE_STACK_NAMESIZE. The ops "stack" and "lf_stack" put "MP_" before the name of
// their pool.
const StackNameSize = C.GODPDK_STACK_NAMESIZE

// StackLockFree is 1 if DPDK has lock-free stacks for this processor.
const StackLockFree = C.GODPDK_STACK_LF

// Layout of struct rte_stack and of the parts of a lock-free one, in bytes.
const (
	StackFlags    = C.GODPDK_STACK_FLAGS
	StackUsed     = C.GODPDK_STACK_USED
	StackFree     = C.GODPDK_STACK_FREE
	StackElems    = C.GODPDK_STACK_ELEMS
	StackListLen  = C.GODPDK_STACK_LIST_LEN
	StackHeadCnt  = C.GODPDK_STACK_HEAD_CNT
	StackElemNext = C.GODPDK_STACK_ELEM_NEXT

	StackFlagLF = C.RTE_STACK_F_LF
)

// StackLook describes the store of a pool with the ops "stack" or "lf_stack".
type StackLook struct {
	Objects, Lost uint32 // objects in the store; list entries in neither list
	// State is the top, the number of changes and the length of the used list, and of the free list.
	// Each push and pop changes it. It is zero for a stack with a lock.
	State [6]uint64
}

// StackObjects returns the objects in the store of a pool of size objects. The error is ENOENT if
// the pool was freed, ENOTSUP for another kind of store, EBUSY if a thread uses the store, and
// EUCLEAN for a damaged one.
func StackObjects(name string, mp Mempool, size uint32) ([]uintptr, StackLook, int) {
	var l C.struct_godpdk_stack_look
	objs := make([]uintptr, size+1)
	errno := withName(name, func(n *C.char) C.int {
		return C.godpdk_stack_look(n, mempool(mp), (*C.uintptr_t)(unsafe.Pointer(&objs[0])), C.uint32_t(size), &l)
	})
	s := &l.state
	return objs[:l.objects], StackLook{uint32(l.objects), uint32(l.lost), [6]uint64{
		uint64(s.used_top), uint64(s.used_changes), uint64(s.used_len), uint64(s.free_top), uint64(s.free_changes), uint64(s.free_len)}}, int(errno)
}

// StackRepair returns the lost entries of a lock-free stack to its free list and corrects its
// lengths, if its state has not changed since the look. Errors are those of [StackObjects]. No
// thread may be inside the store.
func StackRepair(name string, mp Mempool, l StackLook) int {
	s := C.struct_godpdk_stack_state{
		used_top: C.uint64_t(l.State[0]), used_changes: C.uint64_t(l.State[1]), used_len: C.uint64_t(l.State[2]),
		free_top: C.uint64_t(l.State[3]), free_changes: C.uint64_t(l.State[4]), free_len: C.uint64_t(l.State[5]),
	}
	return withName(name, func(n *C.char) int { return int(C.godpdk_stack_repair(n, mempool(mp), &s)) })
}
