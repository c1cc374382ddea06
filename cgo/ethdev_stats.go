//go:build linux

package cgo

/*
#include "godpdk_ethdev_stats.h"

#cgo noescape godpdk_eth_stats
#cgo nocallback godpdk_eth_stats
#cgo noescape godpdk_eth_xstats
#cgo nocallback godpdk_eth_xstats
#cgo noescape godpdk_eth_xstats_by_id
#cgo nocallback godpdk_eth_xstats_by_id
*/
import "C"

import (
	"math"
	"unsafe"
)

// EthStats has the fields of struct rte_eth_stats that all releases have.
type EthStats struct {
	IPackets, OPackets, IBytes, OBytes, IMissed, IErrors, OErrors, RxNoMbuf uint64
}

// EthStatsGet returns the counters of a port.
//
// Implements: rte_eth_stats_get
func EthStatsGet(port uint16) (EthStats, int) {
	var s C.struct_godpdk_eth_stats
	errno := C.godpdk_eth_stats(C.uint16_t(port), &s)
	return EthStats{uint64(s.ipackets), uint64(s.opackets), uint64(s.ibytes), uint64(s.obytes),
		uint64(s.imissed), uint64(s.ierrors), uint64(s.oerrors), uint64(s.rx_nombuf)}, int(errno)
}

// EthStatsReset resets the counters of a port.
//
// Implements: rte_eth_stats_reset
func EthStatsReset(port uint16) int { return int(-C.rte_eth_stats_reset(C.uint16_t(port))) }

// EthXStat is struct rte_eth_xstat.
type EthXStat C.struct_rte_eth_xstat

// EthXStatsNames returns the names of all extended statistics by id.
//
// Implements: rte_eth_xstats_get_names
func EthXStatsNames(port uint16) ([]string, int) {
	for n := 0; ; {
		buf := make([]C.struct_rte_eth_xstat_name, n)
		count := int(C.godpdk_eth_xstats_names(C.uint16_t(port), unsafe.SliceData(buf), C.uint32_t(n)))
		if count < 0 {
			return nil, -count
		}
		if count > n {
			n = count
			continue
		}
		names := make([]string, count)
		for i := range names {
			names[i] = C.GoString(&buf[i].name[0])
		}
		return names, 0
	}
}

// EthXStats returns the number of extended statistics or an errno. If that number is
// len(values) and len(buf), it stores the values by id.
//
// Implements: rte_eth_xstats_get
func EthXStats(port uint16, buf []EthXStat, values []uint64) (count, errno int) {
	n := min(len(buf), len(values), math.MaxUint32)
	return valueOrErrno(C.godpdk_eth_xstats(C.uint16_t(port), (*C.struct_rte_eth_xstat)(unsafe.SliceData(buf)),
		(*C.uint64_t)(unsafe.SliceData(values)), C.uint32_t(n)))
}

// EthXStatsByID stores the values of ids. Both slices must have the same length, not 0.
//
// Implements: rte_eth_xstats_get_by_id
func EthXStatsByID(port uint16, ids, values []uint64) int {
	return int(C.godpdk_eth_xstats_by_id(C.uint16_t(port), (*C.uint64_t)(unsafe.SliceData(ids)),
		(*C.uint64_t)(unsafe.SliceData(values)), C.uint32_t(len(ids))))
}

// EthXStatsReset resets the extended statistics.
//
// Implements: rte_eth_xstats_reset
func EthXStatsReset(port uint16) int { return int(-C.rte_eth_xstats_reset(C.uint16_t(port))) }
