// Package rcu lets a writer find out when no reader of shared memory holds a reference to a
// removed element any more, so that the element can be freed or reused (rte_rcu_qsbr: quiescent
// state based reclamation).
//
// Readers are goroutines or C threads of any process. They take no lock. Each reader reports
// regularly, for example between two bursts, that it holds no reference
// ([Reader.Quiescent]). A writer removes an element from the shared structure, so that new
// readers cannot find it. Then it waits until every reader has reported once
// ([QSBR.Synchronize]), polls ([QSBR.Start] and [QSBR.Check]), or puts the element into a
// [DeferQueue].
//
//	old := table.current.Swap(next)   // new readers cannot find old
//	err := q.Synchronize(ctx)         // no reader holds a reference to old
//	if err == nil { reuse(old) }
//
// Use it for data with many reads and few writes, such as a lookup table or a
// configuration. For short sections that write, use a lock of package lock.
//
// A [Reader] belongs to one goroutine at a time; the goroutine may change threads. A reader
// that blocks without [Reader.Offline], or is stopped, delays every writer. The error of
// Synchronize names that reader.
//
// When the process of a reader has ended for any reason, the primary unregisters the reader and logs its
// pid. The group needs a primary in Go for that. A reader of a C program stays registered:
// [QSBR.Unregister] removes it after its process has died.
//
// Load the pointer or index of a shared element with sync/atomic, after Online or Quiescent:
// this keeps the order of memory accesses on every processor.
package rcu
