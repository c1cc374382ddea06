// Package heap allocates blocks of shared memory without names (rte_malloc).
//
//	b, err := heap.Alloc(64<<10, heap.Config{})
//	slots, err := heap.View[slot](b)     // the block as a []slot
//	jobs.Enqueue(b.Ref())                // a heap.Ref is plain data: a ring or a zone can hold it
//	…
//	b, err = heap.Open(ref)              // in another process
//	err = b.Free()
//
// Use a named zone (package memzone) for what other processes look up, a mempool for many objects of one size that come and
// go on the data path, and this package for the rest. Alloc, Open and Free are control calls, not calls for the data path.
//
// # What may be in a block
//
// A block holds plain data: numbers, arrays, sync/atomic values, and locks of package lock. It must not hold
// Go pointers, because the garbage collector does not look there. Shared memory has the same address in all processes, so a
// block may hold the addresses of other shared memory. Nothing synchronizes accesses to a block.
//
// # Lifetime
//
// A block lives until some process frees it, or until the primary ends. Neither the garbage collector nor the end of the process that
// allocated it frees it: [List] finds what was left. Accessing a block after Free is an error that nobody
// notices, as in C: DPDK may give the memory to somebody else.
//
// The primary allocates and frees blocks, also for its secondaries. It remembers them, so freeing a block twice
// is an error and not a crash. Beside a primary in C each process remembers its own blocks, and only that process can open and free
// them.
package heap
