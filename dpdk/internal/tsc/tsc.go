// Package tsc reads the processor's time stamp counter in Go. DPDK's inline function rte_rdtsc does
// the same in C.
package tsc
