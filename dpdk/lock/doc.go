// Package lock provides locks that live in shared memory, for goroutines and C threads of
// all processes. Each type has the layout of DPDK's type of that kind.
//
// A lock is a field of a struct for memzone.CreateValue; other processes find it with
// memzone.LookupValue. Its zero value is unlocked. Do not copy a lock in use. All methods may
// be called from any goroutine, in primary and secondary, until the zone is freed or EAL
// closes. As in C, an Unlock without its Lock breaks the lock for all users. No method
// allocates.
//
// # Which lock to use
//
//   - [Mutex], if a process may be killed or stopped while it holds the lock, or if the
//     section is longer than a few hundred instructions. Its waiters sleep in the kernel, and
//     the next caller gets a dead owner's lock with dpdk.ErrOwnerDead. All other locks here
//     spin.
//   - [OwnedSpin], [OwnedRW], [OwnedSeq] and [OwnedTicket], if a process may be killed while it
//     holds the lock, and sections are short. See "Owned locks" below. The locks that follow
//     stay locked for ever if their holder dies.
//   - [Spin], if few threads want it at a time.
//   - [Ticket], if access must be fair (FIFO order) and each thread has a CPU of its own. Its
//     queue does not move while the next thread in it is not running.
//   - [MCS], as Ticket, for many CPUs: each waiter spins on a cache line of its own.
//   - [RW], if many threads read for longer than the two atomic operations take, and
//     [PhaseFair] if neither readers nor writers may starve. For short reads Spin is as good.
//   - [SeqValue], if many threads read and few write a value of some words: readers write
//     nothing, and never delay a writer. [Seq] and [SeqCount] are the same for structs of any
//     shape in C.
//
// "make bench", group locks, measures them against C.
//
// # Waiting
//
// A waiter spins for some microseconds, because the holder may be running. Then it yields
// alternately to other goroutines and to other threads, because the holder may need the P or
// the CPU. After a millisecond it sleeps for 50 µs at a time. C's waiters spin without end: on
// a machine with fewer CPUs than pollers, a waiter in C can take the CPU from the holder for
// some milliseconds at a time.
//
// LockContext and RLockContext wait until the context ends and then return its context.Cause,
// such as dpdk.ErrPrimaryGone with the Context of an eal.Runtime. They take a free lock in any
// case. They never queue, because a waiter cannot leave a queue. They retry instead: all
// queued waiters of Ticket, MCS and PhaseFair, and all readers of RW, go first.
//
// # Holding a lock in a goroutine
//
// All waiters burn CPU while the holder does not run. Go's scheduler takes a goroutine off its
// thread when it blocks, and at any place after 10 ms of running; a garbage collection stops
// it for a moment. So between Lock and Unlock:
//
//   - Only a few loads and stores: no system call, channel, log or other lock, no allocation
//     (it may start a collection), and nothing that may panic.
//   - Run fewer pollers than GOMAXPROCS and than CPUs: see package lcore for that, and for
//     ways to have fewer collections. A poller that yields regularly outside of its sections
//     is not preempted inside of one.
//   - Use lcore.Launch or lcore.Pin for goroutines that take a lock all the time: the
//     goroutine then has its thread, and the thread its CPU. runtime.LockOSThread alone does
//     not help, because the P can still go to other goroutines.
//
// None of this prevents kernel preemption: the kernel takes the CPU from a holder for some
// milliseconds if another thread needs it. Ticket and MCS suffer most. SeqValue writes in
// assembly, where Go's scheduler cannot preempt: its readers wait only for the kernel.
//
// # Recursion and owners
//
// A holder cannot take any of these locks twice. DPDK's recursive spinlock and ticket lock
// are not here, because they record the ID of a C thread as owner: a goroutine changes
// threads, and two goroutines share one.
//
// # Owned locks
//
// [OwnedSpin], [OwnedTicket], [OwnedRW] and [OwnedSeq] have an owner beside C's lock. They are for
// processes that may be killed: when the owner has died, or has closed EAL, a waiter takes the lock from
// it within some milliseconds. It gets dpdk.ErrOwnerDead, as with a [Mutex]:
//
//	err := l.Lock()
//	if errors.Is(err, dpdk.ErrOwnerDead) {
//		repair() // the dead owner may have left the data half changed
//		err = l.Consistent()
//	}
//	if err != nil {
//		return err
//	}
//	defer l.Unlock()
//
// Exactly one waiter gets the lock, also if several find the dead owner at the same time. If that waiter
// dies before Consistent, the next one gets dpdk.ErrOwnerDead too. A dead reader of an OwnedRW has
// changed nothing, so a waiting writer removes it without an error, and logs its pid.
//
// The owner is a process. It is known to be dead by a lock in the runtime directory that the kernel
// releases, so neither a reused pid nor another pid namespace matters. Goroutines have no owner's ID: a
// goroutine that ends without Unlock leaves the lock to its living process. The error and Owner also have the
// thread that took the lock. It is a help for debugging: a goroutine changes threads, unless it is locked to one.
// The group of processes needs a primary in Go. Without one these locks work, but no owner is known.
//
// One atomic operation takes the lock and names its owner, so a process cannot die in between. The owner
// costs no atomic operation more than C's lock has, except in OwnedTicket.Unlock, where one takes the
// place of a store.
//
// C programs lock the same words. They leave no owner: a lock that a dead C program held stays locked.
// And they do not look for dead owners: they wait until a process in Go has waited for the lock,
// repaired the data, and unlocked. That also holds for C readers of an OwnedRW, if a writer in Go died
// while it waited.
//
// [MCS] has no owned form, because its queue cannot be repaired. A waiter exchanges the lock's word for its node, and
// then links the node to the one before it. If it is killed in between, only its registers had the place where
// the two parts of the queue belong together. Use an OwnedSpin, or a Mutex if many wait.
//
// [PhaseFair] has no owned form, because its counters fill the 64 bits that one atomic operation changes: the owner
// would be written before or after the lock is taken, and a process may die in between. Use an OwnedRW.
//
// [SeqValue] has no owned form: use an OwnedSeq with the data beside it.
package lock
