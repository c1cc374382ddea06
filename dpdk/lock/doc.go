// Package lock has locks that live in shared memory, for goroutines and threads of all
// processes, C's among them: each type is DPDK's of that kind, byte by byte.
//
// A lock is part of a struct for memzone.CreateValue, which all processes find with
// memzone.LookupValue. Its zero value is unlocked; it is not copied once in use. All
// methods may be called from any goroutine, in primary and secondary, until the zone is
// freed or EAL closes. An Unlock without its Lock ruins a lock for everybody, as in C.
// Nothing allocates.
//
// # Which one
//
//   - Mutex, if a process may be killed or stopped while it has the lock, or if the
//     section is more than a few hundred instructions: its waiters sleep in the kernel,
//     and a dead holder's lock goes to the next with ErrOwnerDead. All others spin, and
//     whoever dies holding one leaves it taken for ever.
//   - Spin, if few want it at a time.
//   - Ticket, if all must get their turn, and each has a CPU of its own. Its queue
//     stands still while the one whose turn it is does not run.
//   - MCS, as Ticket, for many CPUs: waiters do not fight for a cache line.
//   - RW, if many read for longer than it takes to count in and out, and PhaseFair if
//     neither readers nor writers may starve. For short reads Spin is as good.
//   - SeqValue, if many read and few write a value of some words: readers write
//     nothing, and none of them keeps a writer waiting. Seq and SeqCount are the same
//     for C's structs of any shape.
//
// Lock + unlock when nobody else wants the lock, in ns, C first ("make bench", group
// locks; AMD Zen 5 in a small virtual machine, where an atomic exchange takes 5.5):
//
//	Spin               11.3   7.4
//	Ticket              6.6   8.3
//	MCS                11.9  13.9
//	RW, reading        11.6  12.1
//	RW, writing        12.1  11.8
//	PhaseFair, reading 11.5  13.4
//	PhaseFair, writing 22.8  21.4
//	Seq, writing       11.0   8.9
//	SeqCount, writing   0.5   2.1  two calls of assembly
//	SeqValue, Store    11.5  14.2  of 64 bytes
//	SeqValue, Load      0.7   4.9  of 64 bytes
//
// # Waiting
//
// A waiter spins for some microseconds, for a holder who runs. Then it yields, to other
// goroutines and to other threads by turns, for a holder who needs the P or the CPU;
// after a millisecond it sleeps, 50 µs at a time. C's waiters spin without end: on a
// machine with fewer CPUs than pollers, one of them can keep from the CPU the very
// holder it waits for, for some milliseconds at a time.
//
// LockContext and RLockContext wait until the context ends and then return
// context.Cause of it, such as dpdk.ErrPrimaryGone with the Context of an eal.Runtime. A
// lock that is free they take in any case. One cannot leave a queue, and so they never
// stand in one: they try again and again, and with Ticket, MCS and PhaseFair all who
// queue go first, as do readers with RW.
//
// # Holding a lock in a goroutine
//
// All who want the lock burn a CPU while the holder does not run. Go's scheduler takes a
// goroutine off its thread when it blocks, and when it has run for 10 ms without a
// pause, wherever it is then; a collection stops it for 10 to 100 µs. So between Lock
// and Unlock:
//
//   - A handful of loads and stores. No system call, channel, log, other lock, nor any
//     allocation, which may be made to collect; and nothing that may panic.
//   - Fewer pollers than GOMAXPROCS, and than CPUs: see package lcore for that and for
//     how to have fewer collections. A poller that yields now and then outside of its
//     sections is not preempted inside of one.
//   - lcore.Launch, or lcore.Pin, for those who take a lock all the time: the goroutine
//     has its thread to itself, and the thread its CPU. runtime.LockOSThread alone does
//     not help: the P can still go to others.
//
// What the kernel does, no rule here prevents: it takes the CPU from a holder for some
// milliseconds if another thread wants it. Ticket and MCS pay for that most. The copies
// of a SeqValue are assembly, in which Go's scheduler preempts nobody: readers wait for
// the kernel at worst.
//
// # Recursion, and owners
//
// No lock here can be taken twice by one holder. DPDK's recursive spinlock and ticket
// lock are not here, as their owner is a C thread, by its id: a goroutine changes
// threads, and two share one.
//
// The words of these locks have no room for an owner. Who must find out whether a dead
// process had one keeps that beside the lock, where C's programs see padding: write the
// owner after Lock, and clear it before Unlock.
package lock
