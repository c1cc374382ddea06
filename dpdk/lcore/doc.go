// Package lcore runs Go functions on DPDK's logical cores.
//
// An lcore is a thread that EAL has pinned to CPUs and that has an ID. DPDK keeps data for each ID: a
// cache in each mempool, a timer list, the state of a service. [Launch] runs a Go function on such a
// thread and returns a [Task] to wait for:
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
// A panic in the function becomes a [*PanicError], and the lcore remains usable. Goroutines that the
// function starts run on other threads.
//
// A goroutine can poll without being an lcore: [Pin] locks it to its thread and the thread to CPUs,
// and pools give it a cache of its own. Use Pin unless something needs an lcore ID; it has no
// restrictions. [Register] makes a Go thread an lcore, but then secondary processes are excluded.
//
// # Polling and Go's scheduler
//
// A function that polls without pause occupies a P as long as it runs. Keep GOMAXPROCS larger than
// the number of pollers. Otherwise the rest of the program runs only when the scheduler preempts a
// poller, every 10 ms. The threads of EAL do not belong to Go, and GOMAXPROCS counts CPUs, not
// lcores. Pollers that share a CPU run alternately, for some milliseconds each, as the kernel
// decides. Launch and Pin log a warning about both, once, through slog.
//
// # The garbage collector and pollers
//
// A collection stops all goroutines twice. A poller stops at once. It continues when all other
// goroutines have stopped and the collector has done a short piece of work. That takes longer if the
// kernel has descheduled a thread that has yet to stop, as on a crowded machine. Between the two
// stops collector and poller run side by side, if each has a CPU and a P. "make bench" (group gaps)
// measures the interruptions, with and without each of these steps; test/bench/PAUSES.md has the results.
//
// To have fewer and shorter interruptions, in this order:
//
//   - Give the poller a CPU on which nothing else runs. Reserve it with isolcpus, or start the
//     program with taskset on the other CPUs, and name the CPU in eal.Config.Lcores. taskset also
//     lowers GOMAXPROCS: set it to the number of pollers plus two.
//   - Have fewer collections: raise GOGC, or switch it off and set GOMEMLIMIT. Nothing else helps
//     against the stops.
//   - Do not allocate in the loop: an allocating goroutine must help the collector.
//     testing.AllocsPerRun counts allocations.
//   - Do not raise GOMAXPROCS above the number of CPUs: the collector's workers then compete with
//     the poller for its CPU.
//
// # Restrictions
//
// Timers and services run inside a call from C. They must not call runtime.Goexit, which includes
// FailNow of testing.T. A function of Launch that calls it ends with [ErrGoexit], and the lcore
// remains usable for functions. But Go cannot end a goroutine that C has called: the thread of a
// worker stays in Go then. It cannot run services any more, and eal.Runtime.Close leaves devices
// open and returns an error with the lcore's name.
package lcore
