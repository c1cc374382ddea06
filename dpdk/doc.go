// Package dpdk holds what the packages below it share: errors, NUMA sockets
// and DPDK's version.
//
// A program starts DPDK with package eal and then uses named objects in the
// hugepage memory that its primary and secondary processes share: rings
// (package ring), memzones (package memzone), object pools (package mempool) and
// packets (package mbuf). All of them look alike: Create or Reserve makes one,
// Lookup finds one made by any process, Free destroys the shared object.
// Dropping a Go value frees nothing. Ports receive and send packets (package
// ethdev), and DPDK's logical cores run Go functions (package lcore).
package dpdk
