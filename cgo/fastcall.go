//go:build linux

package cgo

/*
#include "godpdk_fastcall.h"
*/
import "C"

import "unsafe"

// FastCallAddress is the C function int32_t f(void *arg, int32_t (*fn)(void *), uintptr_t low,
// uintptr_t high) that calls fn in the frame from low to high.
var FastCallAddress = C.godpdk_fast_call_address()

// FastWatch puts a signal handler for faults in such calls before Go's. It reports them and
// goes on at abort.
func FastWatch(abort uintptr) { C.godpdk_fast_watch(C.uintptr_t(abort)) }

// FastFaultArg is struct godpdk_fast_fault: for the tests, how to fault.
type FastFaultArg struct {
	Sig     int32
	_       int32
	Address unsafe.Pointer
	Zero    int32
	_       int32
}

// FastFaultAddress is the C function int32_t f(void *) of a FastFaultArg.
var FastFaultAddress = C.godpdk_fast_fault_address()
