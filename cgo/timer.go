//go:build linux

package cgo

/*
#include "godpdk_timer.h"

#cgo noescape godpdk_cycles
#cgo nocallback godpdk_cycles
*/
import "C"

import "unsafe"

// Cycles is rte_get_tsc_cycles.
func Cycles() uint64 { return uint64(C.godpdk_cycles()) }

// TSCHz is rte_get_tsc_hz: cycles in a second; 0 before EAL's start.
func TSCHz() uint64 { return uint64(C.rte_get_tsc_hz()) }

// TimerHz is rte_get_timer_hz: a timer's ticks in a second.
func TimerHz() uint64 { return uint64(C.rte_get_timer_hz()) }

// Timer points to a struct rte_timer.
type Timer = unsafe.Pointer

// TimerSubsystemInit is rte_timer_subsystem_init.
func TimerSubsystemInit() int { return int(C.godpdk_timer_start()) }

// TimerSubsystemFinalize is rte_timer_subsystem_finalize.
func TimerSubsystemFinalize() { C.rte_timer_subsystem_finalize() }

// TimerDataAlloc is rte_timer_data_alloc: new lists, one for each lcore.
func TimerDataAlloc() (lists uint32, errno int) {
	var l C.uint32_t
	errno = int(C.godpdk_timer_data_alloc(&l))
	return uint32(l), errno
}

// TimerDataDealloc is rte_timer_data_dealloc.
func TimerDataDealloc(lists uint32) { C.rte_timer_data_dealloc(C.uint32_t(lists)) }

// TimerNew is rte_timer_init of a new timer; nil if there is no memory.
func TimerNew() Timer { return Timer(C.godpdk_timer_new()) }

// TimerFree frees a timer that has stopped.
func TimerFree(t Timer) { C.free(t) }

// TimerReset is rte_timer_alt_reset, to call Callbacks.Timer.
func TimerReset(lists uint32, t Timer, ticks uint64, periodic bool, lcore uint32, id uintptr) int {
	return int(C.godpdk_timer_reset(C.uint32_t(lists), (*C.struct_rte_timer)(t), C.uint64_t(ticks), cbool(periodic), C.uint32_t(lcore), C.uintptr_t(id)))
}

// TimerStop is rte_timer_alt_stop.
func TimerStop(lists uint32, t Timer) int {
	return int(C.godpdk_timer_stop(C.uint32_t(lists), (*C.struct_rte_timer)(t)))
}

// TimerPending is rte_timer_pending.
func TimerPending(t Timer) bool { return C.rte_timer_pending((*C.struct_rte_timer)(t)) != 0 }

// TimerManage is rte_timer_alt_manage of the calling thread's list; it must be an lcore.
func TimerManage(lists uint32) { C.godpdk_timer_manage(C.uint32_t(lists)) }

// AlarmSet is rte_eal_alarm_set of Callbacks.Alarm.
func AlarmSet(us uint64, id uintptr) int {
	return int(C.godpdk_alarm_set(C.uint64_t(us), C.uintptr_t(id)))
}

// AlarmCancel is rte_eal_alarm_cancel.
func AlarmCancel(id uintptr) int { return int(C.godpdk_alarm_cancel(C.uintptr_t(id))) }
