//go:build linux

package cgo

/*
#include "godpdk_eal.h"
*/
import "C"

import "unsafe"

// Values of enum rte_proc_type_t, enum rte_iova_mode and limits of the build.
const (
	ProcPrimary   = C.RTE_PROC_PRIMARY
	ProcSecondary = C.RTE_PROC_SECONDARY

	IOVAPhysical = C.RTE_IOVA_PA

	MaxLcore = C.RTE_MAX_LCORE
)

// EALInit returns the number of arguments that EAL consumed, or a negative number and
// rte_errno, which can be 0. The arguments stay allocated: EAL keeps pointers into them.
//
// Implements: rte_eal_init
func EALInit(args []string) (parsed, errno int) {
	argv := (*[1 << 16]*C.char)(C.calloc(C.size_t(len(args)+1), C.size_t(unsafe.Sizeof((*C.char)(nil)))))
	for i, a := range args {
		argv[i] = C.CString(a)
	}
	r := C.godpdk_eal_init(C.int(len(args)), &argv[0])
	return int(r.parsed), int(r.err)
}

// EALCleanup stops EAL.
//
// Implements: rte_eal_cleanup
func EALCleanup() int { return int(C.godpdk_eal_cleanup()) }

// ProcessType returns [ProcPrimary] or [ProcSecondary].
//
// Implements: rte_eal_process_type
func ProcessType() int { return int(C.rte_eal_process_type()) }

// HasHugepages reports whether EAL uses hugepages.
//
// Implements: rte_eal_has_hugepages
func HasHugepages() bool { return C.rte_eal_has_hugepages() != 0 }

// IOVAMode returns the mode of IO addresses.
//
// Implements: rte_eal_iova_mode
func IOVAMode() int { return int(C.rte_eal_iova_mode()) }

// RuntimeDir returns the runtime directory of the file prefix.
//
// Implements: rte_eal_get_runtime_dir
func RuntimeDir() string { return C.GoString(C.rte_eal_get_runtime_dir()) }

// MainLcore returns the id of the main lcore.
//
// Implements: rte_get_main_lcore
func MainLcore() int { return int(C.rte_get_main_lcore()) }

// Sockets returns the ids of the NUMA sockets that EAL detected.
//
// Implements: rte_socket_count, rte_socket_id_by_idx
func Sockets() []int {
	ids := make([]int, C.rte_socket_count())
	for i := range ids {
		ids[i] = int(C.rte_socket_id_by_idx(C.uint(i)))
	}
	return ids
}

// MallocStats is struct rte_malloc_socket_stats, in bytes.
type MallocStats struct {
	Total, Free, Allocated, GreatestFree uint64
}

// MallocSocketStats returns the statistics of a socket's heap.
//
// Implements: rte_malloc_get_socket_stats
func MallocSocketStats(socket int) (MallocStats, int) {
	var s C.struct_rte_malloc_socket_stats
	if e := C.godpdk_malloc_stats(C.int(socket), &s); e != 0 {
		return MallocStats{}, int(e)
	}
	return MallocStats{
		Total:        uint64(s.heap_totalsz_bytes),
		Free:         uint64(s.heap_freesz_bytes),
		Allocated:    uint64(s.heap_allocsz_bytes),
		GreatestFree: uint64(s.greatest_free_size),
	}, 0
}

// Limits are the limits of the build that determine the size of EAL's page tables.
type Limits struct {
	Zones, ZoneSize                                int // memzones
	SegmentsPerType, MegabytesPerType, SegmentSize int // RTE_MAX_MEMSEG_PER_TYPE, RTE_MAX_MEM_MB_PER_TYPE
}

// MemoryLimits returns the limits of this build.
func MemoryLimits() Limits {
	return Limits{C.GODPDK_MAX_MEMZONE, C.sizeof_struct_rte_memzone, C.RTE_MAX_MEMSEG_PER_TYPE, C.RTE_MAX_MEM_MB_PER_TYPE, C.sizeof_struct_rte_memseg}
}

// MemoryFiles returns the number of files that hold EAL's memory.
//
// Implements: rte_memseg_walk
func MemoryFiles() int { return int(C.godpdk_memory_files()) }

// SingleFileSegments reports whether one file holds a whole list of pages.
//
// Implements: rte_mcfg_get_single_file_segments
func SingleFileSegments() bool { return bool(C.rte_mcfg_get_single_file_segments()) }

// MemCloseOnExec sets close-on-exec on the files of memory that EAL allocates later. It
// returns ENOTSUP for legacy memory, which never grows.
//
// Implements: rte_mem_event_callback_register
func MemCloseOnExec() int { return int(C.godpdk_mem_close_on_exec()) }
