// Package eal starts and stops DPDK's environment abstraction layer (librte_eal)
// in this process, as a primary that owns hugepage memory or as a secondary
// that attaches to a primary's.
//
// EAL starts once per process: Init or InitArgs, then Close. Init takes a
// thread of its own for EAL's main lcore and pins it; no other thread of the Go
// program inherits that affinity.
//
// Processes find each other by file prefix. Their lcores must be disjoint,
// which DPDK does not check: give each process its own Config.Lcores.
//
// Package lcore runs Go functions on the lcores' threads.
//
// A goroutine that polls without pause occupies a P. Keep GOMAXPROCS larger
// than the number of pollers, or let each call runtime.Gosched when idle.
package eal
