package lcore

import (
	"runtime"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/lockops"
)

const (
	idleSpins  = 64  // rounds that spin
	idleYields = 200 // rounds that yield then
	idleSleep  = 20 * time.Microsecond
)

// Idle is how a polling loop gives way when there is nothing to do. Call After at the
// end of each round:
//
//	var idle lcore.Idle
//	for ctx.Err() == nil {
//		n := rx.Burst(pkts[:])
//		…
//		idle.After(n)
//	}
//
// Rounds that move nothing become cheaper for others step by step, and a round that
// moves something begins anew:
//
//   - At first they spin (PAUSE). The loop sees what comes at once, and the CPU and the
//     P stay occupied.
//   - Then they yield to other goroutines (runtime.Gosched). That costs little more if
//     there are none. The CPU stays occupied: other processes on it do not get it.
//   - Then they sleep in the kernel (nanosleep) for Sleep at a time. The CPU is free for
//     others. What comes is seen when the sleep ends, which the kernel makes later than
//     asked by its timer slack, some tens of microseconds; queues must hold what comes
//     meanwhile.
//
// The sleep is not time.Sleep: with nothing else to do, Go's runtime waits for its timers
// in whole milliseconds, so that 20 µs become more than a millisecond. It blocks the
// thread, not the program: other goroutines run before each sleep, and during it on
// other threads.
//
// A poller that has a CPU for itself needs no Idle. One that is idle for most of the time,
// with a driver that has receive interrupts, waits at no cost in ethdev's RxQueue.WaitBurst,
// which takes microseconds to go to sleep and to wake up.
//
// The zero value is ready. An Idle belongs to one goroutine. It needs no EAL.
type Idle struct {
	// Sleep is how long to sleep at a time; 0 is 20 µs. With a negative one After never
	// sleeps.
	Sleep time.Duration
	idle  int // rounds that moved nothing, up to those that sleep
}

// After ends a round that moved so many packets or objects.
func (i *Idle) After(moved int) {
	switch {
	case moved > 0:
		i.idle = 0
	case i.idle < idleSpins:
		i.idle++
		lockops.Pause(4)
	case i.idle < idleSpins+idleYields || i.Sleep < 0:
		i.idle = min(i.idle+1, idleSpins+idleYields)
		runtime.Gosched()
	case i.Sleep == 0:
		sleep(idleSleep)
	default:
		sleep(i.Sleep)
	}
}

// Sleeping says whether After sleeps at the next round that moves nothing: the time for
// what is not worth doing at each round, such as to ask why nothing comes.
func (i *Idle) Sleeping() bool { return i.idle >= idleSpins+idleYields && i.Sleep >= 0 }

// sleep lets the goroutines of this P run before it takes the thread away.
func sleep(d time.Duration) {
	runtime.Gosched()
	linux.Sleep(d)
}
