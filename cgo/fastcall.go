//go:build linux

package cgo

/*
#include "godpdk_fastcall.h"
*/
import "C"

import "unsafe"

// FastCallAddress is the C function of fastcall.Call.
var FastCallAddress = unsafe.Pointer(C.godpdk_fast_call)

// FastWatch installs a signal handler for faults in fast calls before Go's. After its report
// the thread continues at abort.
func FastWatch(abort uintptr) { C.godpdk_fast_watch(C.uintptr_t(abort)) }
