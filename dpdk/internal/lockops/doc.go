// Package lockops is what DPDK's locks need and sync/atomic does not have: counters
// of 16 bits, stores that are releases and no more (amd64's atomic.Store is an
// exchange, as dear as taking a lock), sequence counts around a copy, and waiting.
//
// The assembly never loops for another thread's sake, so nothing in it waits.
package lockops
