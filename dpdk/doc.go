// Package dpdk contains what all packages of godpdk share: errors, NUMA sockets and
// DPDK's version.
//
// A program starts DPDK with package eal. Then it uses objects in the hugepage memory that
// primary and secondary processes share: rings (package ring), memzones (package
// memzone), object pools (package mempool), packets (package mbuf) and locks (package
// lock). Ports receive and send packets (package ethdev), and DPDK's logical cores run Go
// functions (package lcore). Package device prepares the devices of the host for this.
//
// # Named objects
//
// The packages have the same functions for named objects. Create, or Reserve, creates an
// object. Lookup finds an object that any process has created. Free destroys it for all
// processes. Dropping a Go value frees nothing.
//
// # Handles
//
// Functions such as Create, Lookup and Open return handles. After Free or Close the methods
// of a handle return errors or do nothing. A nil pointer to a handle, and a handle that no
// function has returned, panic as nil pointers do in Go, or return an error; they never
// reach C. A method must not run in parallel with Free or Close of its handle, unless its
// documentation allows it. A nil function argument panics when it is called.
package dpdk
