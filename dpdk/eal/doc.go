// Package eal starts and stops DPDK's environment abstraction layer (librte_eal)
// in this process, as a primary that owns hugepage memory or as a secondary
// that attaches to a primary's.
//
// EAL starts once per process: Init or InitArgs, then Close. Init takes a
// thread of its own for EAL's main lcore and pins it; no other thread of the Go
// program inherits that affinity.
//
// Processes find each other by file prefix. A primary publishes what others must
// know of it in its runtime directory; Init checks a secondary against that, and
// that the lcores of all processes are disjoint, which DPDK does not. Runtime.Context
// tells a secondary when its primary has gone, Runtime.Watch tells the primary of
// its secondaries. SecondaryConfig serves those who start other processes.
// multi-process.md has DPDK's limitations, one by one.
//
// Programs that this process starts inherit no file of DPDK, but for what DPDK's own
// threads open outside control calls: the interrupt thread's epoll descriptor, and accepted
// connections of memif, vhost-user and telemetry.
//
// A secondary that is killed leaves its part of the shared heap (155,904 bytes of
// rte_service), its mbufs and the locks that it held; multi-process.md has more.
//
// Package lcore runs Go functions on the lcores' threads.
//
// A goroutine that polls without pause occupies a P. Keep GOMAXPROCS larger
// than the number of pollers, or let each call runtime.Gosched when idle.
package eal
