//go:build linux

package cgo

/*
#include "godpdk_lcore.h"

#cgo noescape rte_lcore_id
#cgo nocallback rte_lcore_id
*/
import "C"

import "unsafe"

// Values of enum rte_lcore_role_t, and the id of a thread that is not an lcore.
const (
	RoleRTE     = C.ROLE_RTE
	RoleOff     = C.ROLE_OFF
	RoleService = C.ROLE_SERVICE
	RoleNonEAL  = C.ROLE_NON_EAL

	LcoreIDAny = C.LCORE_ID_ANY
)

// MaxCPU is the number of CPUs in an lcore's set.
const MaxCPU = C.CPU_SETSIZE

// ThreadNameSize is the size of the longest thread name with its NUL.
const ThreadNameSize = 16

// LcoreInfo is the state of an lcore. CPUs has one bit per CPU.
type LcoreInfo struct {
	ID, Role, Socket, Index int
	CPUs                    [MaxCPU / 64]uint64
}

// LcoreID returns the lcore id of the calling thread.
//
// Implements: rte_lcore_id
func LcoreID() uint32 { return uint32(C.rte_lcore_id()) }

// LcoreRole returns the role of an lcore.
//
// Implements: rte_eal_lcore_role
func LcoreRole(id int) int { return int(C.rte_eal_lcore_role(C.uint(id))) }

// LcoreRunning reports whether an lcore runs a function.
//
// Implements: rte_eal_get_lcore_state
func LcoreRunning(id int) bool { return C.rte_eal_get_lcore_state(C.uint(id)) == C.RUNNING }

// Lcores returns all lcores that are in use.
//
// Implements: rte_lcore_iterate
func Lcores() []LcoreInfo {
	var all C.struct_godpdk_lcore_list
	C.godpdk_lcore_list(&all)
	lcores := make([]LcoreInfo, all.len)
	for i := range lcores {
		l := &all.lcores[i]
		lcores[i] = LcoreInfo{ID: int(l.id), Role: int(l.role), Socket: int(l.socket), Index: int(l.index),
			CPUs: *(*[MaxCPU / 64]uint64)(unsafe.Pointer(&l.cpus))}
	}
	return lcores
}

// LcoreLaunch runs Callbacks.Lcore on a worker.
//
// Implements: rte_eal_remote_launch
func LcoreLaunch(id int) int { return int(C.godpdk_lcore_launch(C.uint32_t(id))) }

// ThreadRegister makes the calling thread an lcore.
//
// Implements: rte_thread_register
func ThreadRegister() int { return int(C.godpdk_thread_register()) }

// ThreadUnregister undoes [ThreadRegister].
//
// Implements: rte_thread_unregister
func ThreadUnregister() { C.rte_thread_unregister() }

// ControlCreate runs Callbacks.Control on a new control thread.
//
// Implements: rte_ctrl_thread_create, rte_thread_create_control
func ControlCreate(name string, id uintptr) int {
	return withName(name, func(n *C.char) int {
		return int(C.godpdk_control_create(n, C.uintptr_t(id)))
	})
}

// LcoreCallback registers Callbacks.LcoreInit and Callbacks.LcoreUninit. It returns nil if an
// lcore was refused.
//
// Implements: rte_lcore_callback_register
func LcoreCallback(name string, id uintptr) unsafe.Pointer {
	return withName(name, func(n *C.char) unsafe.Pointer {
		return C.godpdk_lcore_callback(n, C.uintptr_t(id))
	})
}

// LcoreCallbackUnregister undoes [LcoreCallback].
//
// Implements: rte_lcore_callback_unregister
func LcoreCallbackUnregister(handle unsafe.Pointer) { C.rte_lcore_callback_unregister(handle) }

// LcoreUsage returns the two cycle counters of an lcore: all cycles and busy ones.
func LcoreUsage(id int) *[2]uint64 {
	return (*[2]uint64)(C.godpdk_usage_of(C.uint32_t(id)))
}

// LcoreUsageRegister publishes the counters of [LcoreUsage].
//
// Implements: rte_lcore_register_usage_cb
func LcoreUsageRegister() int { return int(C.godpdk_usage_register()) }
