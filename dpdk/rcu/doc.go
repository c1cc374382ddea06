// Package rcu says when all readers of shared memory have let go of what a writer took
// out of it, so that it can be freed or used again (rte_rcu_qsbr: quiescent state based
// reclamation).
//
// Readers, goroutines or C threads of any process, take no lock. Each says now and then
// that it holds no reference (Reader.Quiescent, about a nanosecond): between two
// packets, say. A writer takes an element out of the structure, such that no new reader
// finds it, and then waits until every reader has said so once (QSBR.Synchronize), polls
// for it (Start and Check), or leaves the element to a DeferQueue.
//
//	old := table.current.Swap(next)   // nobody finds old any more
//	err := q.Synchronize(ctx)         // and nobody still has it
//	if err == nil { reuse(old) }
//
// Take it where reads are many and writes few: a lookup table, a configuration. For
// short sections that write, take a lock of package lock.
//
// A Reader belongs to one goroutine at a time, which need not stay on its thread. A
// reader that blocks without Offline, is stopped or is dead keeps every writer waiting: the
// error of Synchronize names it, and Unregister ends the wait when its process has died.
//
// Load what leads to a shared element with sync/atomic, after Online or Quiescent: that is
// what keeps the order on every processor.
package rcu
