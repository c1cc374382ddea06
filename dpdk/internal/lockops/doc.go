// Package lockops provides operations that DPDK's locks need and sync/atomic does not have:
// 16-bit counters, stores that are only releases (atomic.Store on amd64 is an exchange, as
// expensive as taking a lock), and sequence counts around a copy. Most are assembly.
//
// The assembly never waits for another thread.
package lockops
