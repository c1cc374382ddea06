//go:build linux

package cgo

/*
#include "godpdk_timer.h"

#cgo noescape rte_get_tsc_cycles
#cgo nocallback rte_get_tsc_cycles
*/
import "C"

import "unsafe"

// Cycles returns the time stamp counter.
//
// Implements: rte_get_tsc_cycles
func Cycles() uint64 { return uint64(C.rte_get_tsc_cycles()) }

// TSCHz returns the number of cycles in a second, 0 before EAL's start.
//
// Implements: rte_get_tsc_hz
func TSCHz() uint64 { return uint64(C.rte_get_tsc_hz()) }

// TimerHz returns the number of a timer's ticks in a second.
//
// Implements: rte_get_timer_hz
func TimerHz() uint64 { return uint64(C.rte_get_timer_hz()) }

// Timer points to a struct rte_timer.
type Timer = unsafe.Pointer

// TimerSubsystemInit starts timers. It returns EALREADY if this process has started them.
//
// Implements: rte_timer_subsystem_init
func TimerSubsystemInit() int { return negative(C.rte_timer_subsystem_init()) }

// TimerSubsystemFinalize stops timers.
//
// Implements: rte_timer_subsystem_finalize
func TimerSubsystemFinalize() { C.rte_timer_subsystem_finalize() }

// TimerDataAlloc allocates new lists, one for each lcore.
//
// Implements: rte_timer_data_alloc
func TimerDataAlloc() (lists uint32, errno int) {
	var l C.uint32_t
	errno = int(C.godpdk_timer_data_alloc(&l))
	return uint32(l), errno
}

// TimerDataDealloc frees the lists.
//
// Implements: rte_timer_data_dealloc
func TimerDataDealloc(lists uint32) { C.rte_timer_data_dealloc(C.uint32_t(lists)) }

// TimerNew returns a new timer, nil without enough memory.
//
// Implements: rte_timer_init
func TimerNew() Timer { return Timer(C.godpdk_timer_new()) }

// TimerFree frees a stopped timer.
func TimerFree(t Timer) { C.free(t) }

// TimerReset starts a timer that calls Callbacks.Timer. It returns EBUSY while the timer runs
// on another lcore.
//
// Implements: rte_timer_alt_reset
func TimerReset(lists uint32, t Timer, ticks uint64, periodic bool, lcore uint32, id uintptr) int {
	return int(C.godpdk_timer_reset(C.uint32_t(lists), (*C.struct_rte_timer)(t), C.uint64_t(ticks), cbool(periodic), C.uint32_t(lcore), C.uintptr_t(id)))
}

// TimerStop stops a timer. It returns EBUSY while the timer runs on another lcore.
//
// Implements: rte_timer_alt_stop
func TimerStop(lists uint32, t Timer) int {
	return int(C.godpdk_timer_stop(C.uint32_t(lists), (*C.struct_rte_timer)(t)))
}

// TimerPending reports whether a timer is pending.
//
// Implements: rte_timer_pending
func TimerPending(t Timer) bool { return C.rte_timer_pending((*C.struct_rte_timer)(t)) != 0 }

// TimerManage runs the expired timers of the calling lcore.
//
// Implements: rte_timer_alt_manage
func TimerManage(lists uint32) { C.godpdk_timer_manage(C.uint32_t(lists)) }

// AlarmSet sets an alarm that calls Callbacks.Alarm after us microseconds.
//
// Implements: rte_eal_alarm_set
func AlarmSet(us uint64, id uintptr) int {
	return int(C.godpdk_alarm_set(C.uint64_t(us), C.uintptr_t(id)))
}

// AlarmCancel cancels an alarm. It returns ENOENT if the alarm has fired.
//
// Implements: rte_eal_alarm_cancel
func AlarmCancel(id uintptr) int { return int(C.godpdk_alarm_cancel(C.uintptr_t(id))) }
