//go:build linux

package cgo

// This file has all exports because cgo compiles the preamble of such a file twice.

/*
#include <stdint.h>
*/
import "C"

import "runtime"

// Callbacks are the functions that DPDK calls, on its own threads or inside a call from Go.
// Package lcore sets them. They must recover panics, which cannot unwind C frames.
var Callbacks struct {
	Lcore       func(lcore int)                  // on that lcore
	Control     func(id uintptr)                 // on a control thread
	LcoreInit   func(lcore int, id uintptr) bool // true accepts
	LcoreUninit func(lcore int, id uintptr)
	Timer       func(lcore int, id uintptr)     // on the lcore that manages it
	Alarm       func(id uintptr)                // on the interrupt thread
	Service     func(lcore int, id uintptr) int // on a service core
}

// godpdkEnter locks the calling thread of C to its goroutine for its life. Go starts no thread from a
// locked one.
//
//export godpdkEnter
func godpdkEnter() { runtime.LockOSThread() }

//export godpdkLcore
func godpdkLcore(lcore C.uint32_t) { Callbacks.Lcore(int(lcore)) }

//export godpdkControl
func godpdkControl(id C.uintptr_t) { Callbacks.Control(uintptr(id)) }

//export godpdkLcoreInit
func godpdkLcoreInit(lcore C.uint32_t, id C.uintptr_t) C.int {
	if Callbacks.LcoreInit(int(lcore), uintptr(id)) {
		return 0
	}
	return -1
}

//export godpdkLcoreUninit
func godpdkLcoreUninit(lcore C.uint32_t, id C.uintptr_t) {
	Callbacks.LcoreUninit(int(lcore), uintptr(id))
}

//export godpdkTimer
func godpdkTimer(lcore C.uint32_t, id C.uintptr_t) { Callbacks.Timer(int(lcore), uintptr(id)) }

//export godpdkAlarm
func godpdkAlarm(id C.uintptr_t) { Callbacks.Alarm(uintptr(id)) }

//export godpdkService
func godpdkService(lcore C.uint32_t, id C.uintptr_t) C.int32_t {
	return C.int32_t(Callbacks.Service(int(lcore), uintptr(id)))
}
