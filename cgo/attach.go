//go:build linux

package cgo

/*
#include "godpdk_attach.h"
*/
import "C"

// Build is what this build of DPDK decides about memory that processes share.
func Build() map[string]uint64 {
	all := map[string]uint64{}
	for {
		v := C.godpdk_build_value(C.uint(len(all)))
		if v.name == nil {
			return all
		}
		all[C.GoString(v.name)] = uint64(v.value)
	}
}

// Tailqs is rte_dump_tailq: a line for each tail queue of the shared memory, and
// for each slot that is free.
func Tailqs() (string, int) { return text(C.godpdk_tailqs()) }
