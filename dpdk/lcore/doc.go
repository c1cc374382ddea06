// Package lcore runs Go functions on DPDK's logical cores.
//
// An lcore is a thread that EAL has pinned to CPUs and given an id, by which DPDK
// finds what belongs to it: a cache in each mempool, a timer list, a service's
// state. Launch runs a Go function on such a thread and gives a Task to wait for:
//
//	t, err := lcore.Launch(ctx, id, func(ctx context.Context) error {
//		for ctx.Err() == nil {
//			// poll
//		}
//		return nil
//	})
//	…
//	err = t.Wait(ctx)
//
// A panic in the function comes back as a *PanicError, and the lcore can be used
// again. What it starts with the go statement runs on other threads.
//
// A goroutine can poll without being an lcore: Pin locks it to its thread and the
// thread to CPUs, and pools get a user-owned cache. Take that unless something
// wants an lcore id; it excludes nothing. Register makes a Go thread an lcore, at
// the price of secondary processes.
//
// # Polling and Go's scheduler
//
// A function that polls without pause occupies a P for as long as it runs: keep
// GOMAXPROCS larger than the number of pollers, or the rest of the program gets
// a turn every 10 ms only, when the scheduler preempts a poller. EAL's threads are
// not Go's, and GOMAXPROCS counts CPUs, not lcores. Pollers that
// share a CPU get a turn when the kernel says so, some milliseconds each. Launch
// and Pin warn of both, once, through slog.
//
// # The garbage collector and pollers
//
// A collection stops all goroutines twice. A poller stops at once, and goes on
// when all others have stopped and the little that is done then is done: 10 to
// 100 µs. It takes longer if the kernel has taken the CPU from a thread that has
// yet to stop, as on a crowded machine. Between the stops collector and poller run
// side by side, if each has a CPU and a P.
//
// Measured on 2 shared CPUs, rounds of 1 µs of work, while another goroutine
// allocates as fast as it can beside 64 MiB of live objects ("make bench", group
// gaps; the same loop in C on the same CPU in brackets): p99.9 9 µs (8), p99.99
// 46 µs (27), the longest 19 ms (7 ms, which is the kernel's doing). With the rest
// of the program on another CPU and a P to spare, the longest are 6 to 10 ms.
//
// What to do, in this order:
//
//   - Give the poller a CPU that nothing else runs on: isolcpus, or start the
//     program with taskset on the others and name the CPU in eal.Config.Lcores.
//     taskset also lowers GOMAXPROCS: set it, to the pollers and two more.
//   - Have fewer collections: raise GOGC, or switch it off and set GOMEMLIMIT.
//     That is all that helps against the stops.
//   - Do not allocate in the loop, or it is made to help the collector.
//     testing.AllocsPerRun tells.
//   - Do not raise GOMAXPROCS above the CPUs that there are: the collector's
//     workers then compete with the poller for its CPU, and p99.99 rose from 46
//     to 160 µs.
//
// # What must not be done
//
// Timers and services run inside a call of C: they must not call runtime.Goexit,
// and so not testing.T's FailNow. A launched function that does ends with
// ErrGoexit, and the lcore goes on. But Go cannot end a goroutine that C has
// called: a worker's thread stays in Go then, so that the lcore takes functions
// but no services, and eal.Runtime.Close leaves devices open and says so.
package lcore
