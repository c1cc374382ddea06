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

// TimerNew is rte_timer_init of a new timer; nil if there is no memory.
func TimerNew() Timer { return Timer(C.godpdk_timer_new()) }

// TimerFree frees a timer that has stopped.
func TimerFree(t Timer) { C.free(t) }

// TimerReset is rte_timer_reset, to call Callbacks.Timer.
func TimerReset(t Timer, ticks uint64, periodic bool, lcore uint32, id uintptr) int {
	return int(C.godpdk_timer_reset((*C.struct_rte_timer)(t), C.uint64_t(ticks), cbool(periodic), C.uint32_t(lcore), C.uintptr_t(id)))
}

// TimerStop is rte_timer_stop.
func TimerStop(t Timer) int { return int(C.godpdk_timer_stop((*C.struct_rte_timer)(t))) }

// TimerPending is rte_timer_pending.
func TimerPending(t Timer) bool { return C.rte_timer_pending((*C.struct_rte_timer)(t)) != 0 }

// TimerManage is rte_timer_manage; the calling thread must be an lcore.
func TimerManage() { C.rte_timer_manage() }

// AlarmSet is rte_eal_alarm_set of Callbacks.Alarm.
func AlarmSet(us uint64, id uintptr) int {
	return int(C.godpdk_alarm_set(C.uint64_t(us), C.uintptr_t(id)))
}

// AlarmCancel is rte_eal_alarm_cancel.
func AlarmCancel(id uintptr) int { return int(C.godpdk_alarm_cancel(C.uintptr_t(id))) }
