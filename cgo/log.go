//go:build linux

package cgo

/*
#include "godpdk_log.h"
*/
import "C"

// LogHeadSize is the length of what precedes the text in a log packet:
// the level (int32) and how many lines were dropped so far (uint32).
const LogHeadSize = C.sizeof_struct_godpdk_log_head

// LogOpen is rte_openlog_stream with a stream that sends each line as one
// packet on fd, a SOCK_SEQPACKET socket, without ever blocking.
func LogOpen(fd int) int { return int(C.godpdk_log_open(C.int(fd))) }

// LogReset is rte_openlog_stream(NULL): back to DPDK's default stream.
func LogReset() { C.rte_openlog_stream(nil) }

// LogWarning writes a line to DPDK's log, of type "godpdk".
func LogWarning(line string) {
	withName(line, func(s *C.char) C.int {
		C.godpdk_log_warning(s)
		return 0
	})
}
