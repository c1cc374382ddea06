// Package doorbell wakes pollers that sleep because their rings are empty. The pollers are goroutines or C threads of
// any process. A ring alone has no such signal: its consumer either polls all the time, or sleeps and
// finds new elements late.
//
// A [Doorbell] is a word in shared memory beside the rings. A consumer that has found nothing for some time arms it, looks at its
// rings once more, and sleeps in the kernel (futex). A producer calls [Doorbell.Ring] after its enqueue:
//
//	r.EnqueueBurst(objs)
//	bell.Ring()
//
// While no consumer sleeps, Ring does not call the kernel. The consumer is a loop with an lcore.Idle, which spins, yields, and
// then sleeps at the doorbell:
//
//	idle := lcore.Idle{Waiter: bell.NewWaiter()}
//	for ctx.Err() == nil {
//		n := r.DequeueBurst(objs)
//		…
//		idle.After(n)
//	}
//
// So both processes are fast while there is work, and use no CPU time while there is none. test/bench/IDLE.md has measurements.
//
// # One doorbell, several rings and processes
//
// A consumer of several rings has one doorbell, which the producers of all these rings ring. Several consumers may share a doorbell:
// a ring wakes all of them, and those that find nothing sleep again. Give each consumer its own doorbell if their rings differ.
// Any number of goroutines and processes may ring.
//
// The other direction works the same: a producer that waits for room in a full ring sleeps at a doorbell that the
// consumer rings after its dequeue.
//
// A loop sleeps at one doorbell or for one interrupt. If it also polls other sources, they wait for up to Idle.Sleep.
//
// # Processes that die
//
// No sleep is without bound. A process that is killed leaves nothing that must be repaired:
//
//   - Killed while it sleeps, it leaves the doorbell armed. The next ring calls the kernel once and finds nobody.
//   - Killed after an enqueue and before Ring has woken the sleepers: they find the element at the next ring, or when their sleep ends after
//     at most Idle.Sleep.
//   - Stopped (SIGSTOP), it delays nobody else.
//
// # C
//
// include/godpdk_doorbell.h has the same operations for C programs, and struct godpdk_doorbell, the layout of a Doorbell. It needs
// nothing of DPDK or of Go.
package doorbell
