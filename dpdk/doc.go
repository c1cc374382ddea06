// Package dpdk holds what the packages below it share: errors, NUMA sockets
// and DPDK's version.
//
// A program starts DPDK with package eal and then uses named objects in the
// hugepage memory that its primary and secondary processes share: rings
// (package ring), memzones (package memzone), object pools (package mempool) and
// packets (package mbuf). All of them look alike: Create or Reserve makes one,
// Lookup finds one made by any process, Free destroys the shared object.
// Dropping a Go value frees nothing.
//
// A value that a function such as Create, Lookup or Open has made is a handle. Once it is
// freed or closed, its methods return errors or do nothing. A nil pointer to a handle, and a
// handle that no function has made, panic as nil pointers do in Go, or return an error; they
// never reach C. The methods of a handle must not run in parallel with its Free or Close
// unless their documentation allows it. Nil functions panic when they are called.
//
// Ports receive and send packets (package
// ethdev), and DPDK's logical cores run Go functions (package lcore).
package dpdk
