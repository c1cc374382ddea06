//go:build linux

package cgo

/*
#include "godpdk_memevent.h"
*/
import "C"

// MemCloseOnExec has the files of memory that EAL takes later closed on exec
// (rte_mem_event_callback_register). syscall.ENOTSUP if it never takes any.
func MemCloseOnExec() int { return int(C.godpdk_mem_close_on_exec()) }
