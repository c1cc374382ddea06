//go:build linux

package cgo

/*
#include "godpdk_attach.h"
*/
import "C"

// Build returns the properties of this build of DPDK that determine the layout of shared
// memory.
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

// Tailqs returns one line for each tail queue of the shared memory and for each free slot.
//
// Implements: rte_dump_tailq
func Tailqs() (string, int) { return text(C.godpdk_tailqs()) }
