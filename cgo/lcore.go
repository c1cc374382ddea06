//go:build linux

package cgo

/*
#include "godpdk_lcore.h"

#cgo noescape rte_lcore_id
#cgo nocallback rte_lcore_id
*/
import "C"

import "unsafe"

// Values of enum rte_lcore_role_t, and the id of a thread that is no lcore.
const (
	RoleRTE     = C.ROLE_RTE
	RoleOff     = C.ROLE_OFF
	RoleService = C.ROLE_SERVICE
	RoleNonEAL  = C.ROLE_NON_EAL

	LcoreIDAny = C.LCORE_ID_ANY
)

// MaxCPU is how many CPUs an lcore's set can hold.
const MaxCPU = C.CPU_SETSIZE

// ThreadNameSize is the longest name of a thread with its NUL.
const ThreadNameSize = 16

// LcoreInfo is what an lcore is; CPUs has a bit for each.
type LcoreInfo struct {
	ID, Role, Socket, Index int
	CPUs                    [MaxCPU / 64]uint64
}

// LcoreID is rte_lcore_id of the calling thread.
func LcoreID() uint32 { return uint32(C.rte_lcore_id()) }

// LcoreRole is rte_eal_lcore_role.
func LcoreRole(id int) int { return int(C.rte_eal_lcore_role(C.uint(id))) }

// LcoreRunning is rte_eal_get_lcore_state.
func LcoreRunning(id int) bool { return C.rte_eal_get_lcore_state(C.uint(id)) == C.RUNNING }

// Lcores is rte_lcore_iterate over all that are in use.
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

// LcoreLaunch is rte_eal_remote_launch of Callbacks.Lcore on a worker.
func LcoreLaunch(id int) int { return int(C.godpdk_lcore_launch(C.uint32_t(id))) }

// ThreadRegister is rte_thread_register.
func ThreadRegister() int { return int(C.godpdk_thread_register()) }

// ThreadUnregister is rte_thread_unregister.
func ThreadUnregister() { C.rte_thread_unregister() }

// ControlCreate is rte_ctrl_thread_create of Callbacks.Control.
func ControlCreate(name string, id uintptr) int {
	return withName(name, func(n *C.char) int {
		return int(C.godpdk_control_create(n, C.uintptr_t(id)))
	})
}

// LcoreCallback is rte_lcore_callback_register of Callbacks.LcoreInit and
// LcoreUninit; nil if an lcore was refused.
func LcoreCallback(name string, id uintptr) unsafe.Pointer {
	return withName(name, func(n *C.char) unsafe.Pointer {
		return C.godpdk_lcore_callback(n, C.uintptr_t(id))
	})
}

// LcoreCallbackUnregister is rte_lcore_callback_unregister.
func LcoreCallbackUnregister(handle unsafe.Pointer) { C.rte_lcore_callback_unregister(handle) }

// LcoreUsage is where an lcore's cycles are counted: all, and those of work.
func LcoreUsage(id int) *[2]uint64 {
	return (*[2]uint64)(C.godpdk_usage_of(C.uint32_t(id)))
}

// LcoreUsageRegister is rte_lcore_register_usage_cb for these counts.
func LcoreUsageRegister() int { return int(C.godpdk_usage_register()) }
