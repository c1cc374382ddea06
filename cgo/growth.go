//go:build linux

package cgo

/*
#include "godpdk_growth.h"
*/
import "C"

// GrowthGuard begins to watch the growth of this primary's memory: a control call does not try a
// second time after a process did not confirm the first growth in time.
//
// Implements: rte_mem_alloc_validator_register, rte_mem_event_callback_register
func GrowthGuard() int { return int(C.godpdk_growth_guard()) }

// GrowthStopped sets the pid of a stopped process, beside which memory does not grow. 0 is none.
func GrowthStopped(pid int) { C.godpdk_growth_stopped(C.int(pid)) }

// GrowthBegin begins a control call of this thread. Pass its result to [GrowthEnd].
func GrowthBegin() (outer uint64) { return uint64(C.godpdk_growth_begin()) }

// GrowthEnd ends a control call of this thread.
func GrowthEnd(outer uint64) { C.godpdk_growth_end(C.uint64_t(outer)) }

// GrowthRefused returns why the control call of this thread got no memory: the pid of a stopped
// process, or -1 if a growth had failed before because a process did not answer. It is 0 if the
// call was not refused memory.
func GrowthRefused() (pid int) { return int(C.godpdk_growth_refused()) }
