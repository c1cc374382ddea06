//go:build linux

package cgo

/*
#include "godpdk_thread.h"
*/
import "C"

// ThreadID returns the ID of the calling thread.
func ThreadID() int { return int(C.godpdk_thread_id()) }

// ThreadIDOffset returns the distance from the thread pointer to the thread's ID, which is 0 there before
// the thread's first ThreadID. It returns 0 if it does not know the CPU.
func ThreadIDOffset() int { return int(C.godpdk_thread_id_offset()) }
