//go:build linux

// Package flow calls rte_flow, which is a part of librte_ethdev. It is not part of package cgo because
// that has enough to compile.
package flow

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -I${SRCDIR}/../../include -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo LDFLAGS: -Wl,--as-needed
#include "godpdk_flow.h"
*/
import "C"

import (
	"unsafe"

	_ "github.com/godpdk/godpdk/include" // keeps the headers with the package
)

// Layout of struct rte_flow_attr, rte_flow_item and rte_flow_action.
const (
	AttrSize     = C.sizeof_struct_rte_flow_attr
	AttrGroup    = C.GODPDK_FLOW_ATTR_GROUP
	AttrPriority = C.GODPDK_FLOW_ATTR_PRIORITY

	ItemSize = C.sizeof_struct_rte_flow_item
	ItemSpec = C.GODPDK_FLOW_ITEM_SPEC
	ItemLast = C.GODPDK_FLOW_ITEM_LAST
	ItemMask = C.GODPDK_FLOW_ITEM_MASK

	ActionSize = C.sizeof_struct_rte_flow_action
	ActionConf = C.GODPDK_FLOW_ACTION_CONF
)

// Hash functions of the action RSS.
const (
	HashDefault   = C.RTE_ETH_HASH_FUNCTION_DEFAULT
	HashToeplitz  = C.RTE_ETH_HASH_FUNCTION_TOEPLITZ
	HashXOR       = C.RTE_ETH_HASH_FUNCTION_SIMPLE_XOR
	HashSymmetric = C.RTE_ETH_HASH_FUNCTION_SYMMETRIC_TOEPLITZ
)

// Types of errors.
const (
	ErrorNone      = C.RTE_FLOW_ERROR_TYPE_NONE
	ErrorUnknown   = C.RTE_FLOW_ERROR_TYPE_UNSPECIFIED
	ErrorHandle    = C.RTE_FLOW_ERROR_TYPE_HANDLE
	ErrorGroup     = C.RTE_FLOW_ERROR_TYPE_ATTR_GROUP
	ErrorPriority  = C.RTE_FLOW_ERROR_TYPE_ATTR_PRIORITY
	ErrorIngress   = C.RTE_FLOW_ERROR_TYPE_ATTR_INGRESS
	ErrorEgress    = C.RTE_FLOW_ERROR_TYPE_ATTR_EGRESS
	ErrorTransfer  = C.RTE_FLOW_ERROR_TYPE_ATTR_TRANSFER
	ErrorAttr      = C.RTE_FLOW_ERROR_TYPE_ATTR
	ErrorItemNum   = C.RTE_FLOW_ERROR_TYPE_ITEM_NUM
	ErrorItemSpec  = C.RTE_FLOW_ERROR_TYPE_ITEM_SPEC
	ErrorItemLast  = C.RTE_FLOW_ERROR_TYPE_ITEM_LAST
	ErrorItemMask  = C.RTE_FLOW_ERROR_TYPE_ITEM_MASK
	ErrorItem      = C.RTE_FLOW_ERROR_TYPE_ITEM
	ErrorActionNum = C.RTE_FLOW_ERROR_TYPE_ACTION_NUM
	ErrorConf      = C.RTE_FLOW_ERROR_TYPE_ACTION_CONF
	ErrorAction    = C.RTE_FLOW_ERROR_TYPE_ACTION
	ErrorState     = C.RTE_FLOW_ERROR_TYPE_STATE
)

// Names of the dynamic field and flag of the metadata.
const (
	MetadataField = C.RTE_MBUF_DYNFIELD_METADATA_NAME
	MetadataFlag  = C.RTE_MBUF_DYNFLAG_METADATA_NAME
)

// ItemStructSize returns the size of the struct of an item, or 0 if it has none or DPDK does not know
// the type.
//
// Implements: rte_flow_conv
func ItemStructSize(typ int) int { return int(C.godpdk_flow_struct_size(0, C.int(typ))) }

// ActionStructSize returns the same for an action.
//
// Implements: rte_flow_conv
func ActionStructSize(typ int) int { return int(C.godpdk_flow_struct_size(1, C.int(typ))) }

// Pointer is a place in a rule that holds the address of another place in it. Both are offsets.
type Pointer struct{ At, To uint32 }

// It has the layout of the C struct.
type (
	_ [unsafe.Sizeof(Pointer{}) - C.sizeof_struct_godpdk_flow_pointer]struct{}
	_ [C.sizeof_struct_godpdk_flow_pointer - unsafe.Sizeof(Pointer{})]struct{}
)

// Rule is a rule in memory of C.
type Rule struct{ base unsafe.Pointer }

// NewRule copies a rule to memory of C. [Rule.Free] frees it.
func NewRule(b []byte, pointers []Pointer) (r Rule, ok bool) {
	r.base = C.godpdk_flow_rule((*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b))), C.size_t(len(b)),
		(*C.struct_godpdk_flow_pointer)(unsafe.Pointer(unsafe.SliceData(pointers))), C.size_t(len(pointers)))
	return r, r.base != nil
}

// Free frees the rule.
func (r Rule) Free() { C.free(r.base) }

// Result is the result of a call. Errno 0 is success. The rest is struct rte_flow_error.
type Result struct {
	Errno, Type int
	Cause       uintptr
	Message     string
}

func result(r C.struct_godpdk_flow_result) Result {
	return Result{int(r.err), int(r._type), uintptr(r.cause), C.GoString(r.message)}
}

// At returns the place in the rule that an error means. It is outside of the rule if the error means
// none.
func (r Rule) At(res Result) int { return int(res.Cause - uintptr(r.base)) }

// Validate validates a rule. Its parts are at these offsets.
//
// Implements: rte_flow_validate
func (r Rule) Validate(port uint16, attr, items, actions int) Result {
	return result(C.godpdk_flow_validate(C.uint16_t(port), unsafe.Add(r.base, attr), unsafe.Add(r.base, items), unsafe.Add(r.base, actions)))
}

// Create creates a rule. Its parts are at these offsets.
//
// Implements: rte_flow_create
func (r Rule) Create(port uint16, attr, items, actions int) (flow unsafe.Pointer, res Result) {
	c := C.godpdk_flow_create(C.uint16_t(port), unsafe.Add(r.base, attr), unsafe.Add(r.base, items), unsafe.Add(r.base, actions))
	return c.flow, result(c)
}

// Count queries the action COUNT at an offset of the rule.
//
// Implements: rte_flow_query
func (r Rule) Count(port uint16, flow unsafe.Pointer, action int, reset bool) (c Count, res Result) {
	var set C.int
	if reset {
		set = 1
	}
	var q C.struct_godpdk_flow_count
	res = result(C.godpdk_flow_count(C.uint16_t(port), flow, unsafe.Add(r.base, action), set, &q))
	return Count{uint64(q.hits), uint64(q.bytes), q.hits_set != 0, q.bytes_set != 0}, res
}

// Count is struct rte_flow_query_count.
type Count struct {
	Hits, Bytes       uint64
	HitsSet, BytesSet bool
}

// Age queries the action AGE at an offset of the rule.
//
// Implements: rte_flow_query
func (r Rule) Age(port uint16, flow unsafe.Pointer, action int) (a Age, res Result) {
	var q C.struct_godpdk_flow_age
	res = result(C.godpdk_flow_age(C.uint16_t(port), flow, unsafe.Add(r.base, action), &q))
	return Age{uint32(q.idle), q.idle_set != 0, q.aged != 0}, res
}

// Age is struct rte_flow_query_age.
type Age struct {
	Idle          uint32 // seconds
	IdleSet, Aged bool
}

// Destroy destroys a rule.
//
// Implements: rte_flow_destroy
func Destroy(port uint16, flow unsafe.Pointer) Result {
	return result(C.godpdk_flow_destroy(C.uint16_t(port), flow))
}

// Flush destroys all rules of a port.
//
// Implements: rte_flow_flush
func Flush(port uint16) Result { return result(C.godpdk_flow_flush(C.uint16_t(port))) }

// Isolate enters or leaves isolated mode.
//
// Implements: rte_flow_isolate
func Isolate(port uint16, on bool) Result {
	var set C.int
	if on {
		set = 1
	}
	return result(C.godpdk_flow_isolate(C.uint16_t(port), set))
}

// TransferProxy returns the port for transfer rules.
//
// Implements: rte_flow_pick_transfer_proxy
func TransferProxy(port uint16) (proxy uint16, res Result) {
	var p C.uint16_t
	res = result(C.godpdk_flow_proxy(C.uint16_t(port), &p))
	return uint16(p), res
}

// Aged returns the contexts of aged actions AGE: the address of the rule for those without a context.
// Without room it returns their number.
//
// Implements: rte_flow_get_aged_flows
func Aged(port uint16, contexts []uintptr) (n int, res Result) {
	c := C.uint32_t(len(contexts))
	res = result(C.godpdk_flow_aged(C.uint16_t(port), (*C.uintptr_t)(unsafe.Pointer(unsafe.SliceData(contexts))), &c))
	return int(c), res
}

// Dump returns the driver's description of all rules of a port.
//
// Implements: rte_flow_dev_dump
func Dump(port uint16) (string, Result) {
	var t C.struct_godpdk_text
	res := result(C.godpdk_flow_dump(C.uint16_t(port), &t))
	defer C.free(unsafe.Pointer(t.text))
	return C.GoStringN(t.text, C.int(t.len)), res
}

// SetMetadata sets where the drivers of this process find the metadata of packets: the offset of a dynamic
// field, and the mask of a dynamic flag.
func SetMetadata(offset int, mask uint64) {
	C.godpdk_flow_metadata(C.int32_t(offset), C.uint64_t(mask))
}
