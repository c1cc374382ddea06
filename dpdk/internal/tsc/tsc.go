// Package tsc reads the processor's time stamp counter in Go, where DPDK's
// inline rte_rdtsc does it in C.
package tsc
