//go:build linux

package cgo

/*
#include "godpdk_log.h"
*/
import "C"

import "unsafe"

// LogHeadSize is the length of the head of a log packet: the level (int32) and the number of
// lines dropped so far (uint32).
const LogHeadSize = C.sizeof_struct_godpdk_log_head

// LogOpen sends each line of DPDK's log as one packet on fd, a SOCK_SEQPACKET socket, and
// never blocks.
//
// Implements: rte_openlog_stream
func LogOpen(fd int) int { return int(C.godpdk_log_open(C.int(fd))) }

// LogReset restores DPDK's default stream.
//
// Implements: rte_openlog_stream
func LogReset() { C.rte_openlog_stream(nil) }

// LogWarning writes a line of type "godpdk" to DPDK's log.
//
// Implements: rte_log
func LogWarning(line string) {
	withName(line, func(s *C.char) C.int {
		C.godpdk_log_warning(s)
		return 0
	})
}

// LogMark returns the position of the calling thread in its log, for [LogSince].
func LogMark() uint64 { return uint64(C.godpdk_log_mark()) }

// LogSince returns the lines that the calling thread has logged since mark, without debug
// lines: at most the last 4096 bytes.
func LogSince(mark uint64) string {
	if uint64(C.godpdk_log_mark()) == mark {
		return ""
	}
	var text [C.GODPDK_LOG_KEPT]byte
	n := C.godpdk_log_since(C.uint64_t(mark), (*C.char)(unsafe.Pointer(&text)))
	return string(text[:n])
}

// XDPLog redirects the output of libbpf and libxdp, if they are loaded, to DPDK's log at
// debug level.
func XDPLog() { C.godpdk_xdp_log() }
