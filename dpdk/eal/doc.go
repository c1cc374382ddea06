// Package eal starts and stops DPDK's environment abstraction layer (librte_eal) in this process:
// as a primary that owns hugepage memory, or as a secondary that attaches to the memory of a
// primary.
//
// EAL starts once per process: call [Init] or [InitArgs], then [Runtime.Close]. Init starts an OS
// thread for EAL's main lcore and pins it. No other thread of the Go program inherits that affinity.
//
// Processes find each other by file prefix. A primary publishes facts about itself in its runtime
// directory. Init compares a secondary with these facts, and checks that the lcores of all
// processes are disjoint; DPDK checks neither. [Runtime.Context] ends in a secondary when its
// primary has gone. [Runtime.Subscribe] reports changes of secondaries to the primary.
// [SecondaryConfig] is for programs that start other processes. multi-process.md lists DPDK's
// limitations one by one.
//
// Programs that this process starts inherit no file of DPDK, except for files that DPDK's own
// threads open outside of control calls: the interrupt thread's epoll descriptor, and accepted
// connections of memif, vhost-user and telemetry.
//
// A killed secondary leaks its part of the shared heap (155,904 bytes of rte_service) and its
// mbufs, and its locks stay taken; see multi-process.md.
//
// Package lcore runs Go functions on the threads of lcores.
//
// A goroutine that polls without pause occupies a P. Keep GOMAXPROCS larger than the number of
// pollers, or let each poller call runtime.Gosched when it is idle.
package eal
