//go:build linux

package flow

/*
#include "godpdk_flow.h"
*/
import "C"

import "unsafe"

// ActionIndirect is the type of an action that is a handle of an indirect action. Its conf is the handle.
const ActionIndirect = C.RTE_FLOW_ACTION_TYPE_INDIRECT

func flag(on bool) C.int {
	if on {
		return 1
	}
	return 0
}

// CreateIndirect creates an indirect action from the action at an offset of the rule.
//
// Implements: rte_flow_action_handle_create
func (r Rule) CreateIndirect(port uint16, ingress, egress, transfer bool, action int) (handle unsafe.Pointer, res Result) {
	c := C.godpdk_flow_indirect_create(C.uint16_t(port), flag(ingress), flag(egress), flag(transfer), unsafe.Add(r.base, action))
	return c.flow, result(c)
}

// UpdateIndirect replaces an indirect action by the action at an offset of the rule.
//
// Implements: rte_flow_action_handle_update
func (r Rule) UpdateIndirect(port uint16, handle unsafe.Pointer, action int) Result {
	return result(C.godpdk_flow_indirect_update(C.uint16_t(port), handle, unsafe.Add(r.base, action)))
}

// CountIndirect queries an indirect action COUNT.
//
// Implements: rte_flow_action_handle_query
func CountIndirect(port uint16, handle unsafe.Pointer, reset bool) (c Count, res Result) {
	var q C.struct_godpdk_flow_count
	res = result(C.godpdk_flow_indirect_count(C.uint16_t(port), handle, flag(reset), &q))
	return Count{uint64(q.hits), uint64(q.bytes), q.hits_set != 0, q.bytes_set != 0}, res
}

// AgeIndirect queries an indirect action AGE.
//
// Implements: rte_flow_action_handle_query
func AgeIndirect(port uint16, handle unsafe.Pointer) (a Age, res Result) {
	var q C.struct_godpdk_flow_age
	res = result(C.godpdk_flow_indirect_age(C.uint16_t(port), handle, &q))
	return Age{uint32(q.idle), q.idle_set != 0, q.aged != 0}, res
}

// DestroyIndirect destroys an indirect action.
//
// Implements: rte_flow_action_handle_destroy
func DestroyIndirect(port uint16, handle unsafe.Pointer) Result {
	return result(C.godpdk_flow_indirect_destroy(C.uint16_t(port), handle))
}
