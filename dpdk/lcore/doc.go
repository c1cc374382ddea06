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
// a turn every 10 ms only, when the scheduler preempts a poller. Pollers that
// share a CPU get a turn when the kernel says so, some milliseconds each. Launch
// and Pin warn of both, once, through slog.
//
// # The garbage collector and pollers
//
// A collection stops the world twice, for 10 to 100 µs together, and a poller
// sees that as a gap. What makes gaps longer, and what to do:
//
//   - The loop allocates: then it is made to help the collector. Allocate before
//     it; testing.AllocsPerRun tells.
//   - Others allocate much: a collection starts when the heap has doubled. Raise
//     GOGC, or set it off with GOMEMLIMIT as the bound, and they get rare.
//   - No P is left: the collector's workers take a quarter of GOMAXPROCS, and
//     preempt a poller if there is no idle P. Have two more than pollers.
//   - The poller's CPU is not its own: use isolated CPUs (isolcpus, nohz_full),
//     and keep the rest of the program off them with taskset or a cpuset.
//   - A loop of nothing but assembly or tiny inlined code is stopped by a signal
//     rather than at a call: about 5 µs more, no harm otherwise.
//
// "make bench" measures the gaps of a polling loop while another goroutine
// allocates, beside the same loop in C.
//
// # What must not be done
//
// Callbacks (timers, services, lcore callbacks) run inside a call of C: they must
// not call runtime.Goexit, and so not testing.T's FailNow. In a launched function
// that is harmless: it ends with ErrGoexit.
package lcore
