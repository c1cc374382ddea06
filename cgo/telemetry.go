//go:build linux

package cgo

/*
#include "godpdk_telemetry.h"
*/
import "C"

import (
	"time"
	"unsafe"
)

// Kinds in the form of a value of telemetry: see godpdk_telemetry.h.
const (
	TelEnd        = C.GODPDK_TEL_END
	TelText       = C.GODPDK_TEL_TEXT
	TelInt        = C.GODPDK_TEL_INT
	TelUint       = C.GODPDK_TEL_UINT
	TelDict       = C.GODPDK_TEL_DICT
	TelTexts      = C.GODPDK_TEL_TEXTS
	TelInts       = C.GODPDK_TEL_INTS
	TelUints      = C.GODPDK_TEL_UINTS
	TelContainers = C.GODPDK_TEL_CONTAINERS
)

// Limits of rte_telemetry.h. The sizes of strings count the final NUL.
const (
	TelStringSize       = C.GODPDK_TEL_MAX_STRING
	TelSingleStringSize = C.GODPDK_TEL_MAX_SINGLE_STRING
	TelMaxDict          = C.GODPDK_TEL_MAX_DICT
	TelMaxArray         = C.GODPDK_TEL_MAX_ARRAY
	TelIntBits          = C.GODPDK_TEL_INT_BITS       // of negative numbers
	TelArrayOfDicts     = C.GODPDK_TEL_ARRAY_OF_DICTS // 1 if an array can hold objects

	// TelWait is the time that DPDK waits for an answer.
	TelWait = C.GODPDK_TEL_WAIT_MS * time.Millisecond
)

// TelRequest is a request of a telemetry client that waits for its answer.
type TelRequest struct {
	Command, Params string
	r               unsafe.Pointer
}

// TelOpen returns a pipe that becomes readable when there are requests.
func TelOpen() (fd, errno int) { return valueOrErrno(C.godpdk_tel_open()) }

// TelRequests takes all requests in FIFO order. Each must be answered, once.
func TelRequests() (all []TelRequest) {
	for r := C.godpdk_tel_take(); r != nil; {
		next := (*C.struct_godpdk_tel_request)(unsafe.Pointer(r.node.next))
		all = append(all, TelRequest{C.GoString(&r.command[0]), C.GoString(&r.params[0]), unsafe.Pointer(r)})
		r = next
	}
	return all
}

// TelWaits reports whether DPDK still waits for the answer.
func TelWaits(r TelRequest) bool {
	return C.godpdk_tel_waits((*C.struct_godpdk_tel_request)(r.r)) != 0
}

// TelAnswer answers a request with a value; nil means that the command failed.
//
// Implements: rte_tel_data_start_dict, rte_tel_data_start_array, rte_tel_data_string, rte_tel_data_add_dict_string, rte_tel_data_add_dict_int, rte_tel_data_add_dict_uint, rte_tel_data_add_dict_container, rte_tel_data_add_array_string, rte_tel_data_add_array_int, rte_tel_data_add_array_uint, rte_tel_data_add_array_container, rte_tel_data_alloc, rte_tel_data_free
func TelAnswer(r TelRequest, value []byte) {
	var v unsafe.Pointer
	if value != nil {
		v = C.CBytes(value)
	}
	C.godpdk_tel_answer((*C.struct_godpdk_tel_request)(r.r), (*C.char)(v))
}

// TelRegister registers a command that answers TelRequests.
//
// Implements: rte_telemetry_register_cmd
func TelRegister(command string) int {
	return withName(command, func(c *C.char) int { return int(C.godpdk_tel_register(c)) })
}

// TelStop makes later requests fail at once.
func TelStop() { C.godpdk_tel_stop() }
