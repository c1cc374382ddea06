package lcore

import (
	"runtime"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/lockops"
)

const (
	idleSpins  = 64  // rounds that spin
	idleYields = 200 // rounds after them that yield
	idleSleep  = 20 * time.Microsecond
)

// Idle paces a polling loop that finds nothing to do. Call [Idle.After] at the end of each round:
//
//	var idle lcore.Idle
//	for ctx.Err() == nil {
//		n := rx.Burst(pkts[:])
//		…
//		idle.After(n)
//	}
//
// Rounds that move nothing leave more and more time to others. A round that moves something starts
// over:
//
//   - First they spin (PAUSE). The loop sees new packets at once. CPU and P stay occupied.
//   - Then they yield to other goroutines (runtime.Gosched). That costs little more if there are
//     none. The CPU stays occupied: other processes on it do not run.
//   - Then they sleep in the kernel (nanosleep), for Sleep at a time. The CPU is free for others. The
//     loop sees new packets when the sleep ends. The kernel makes a sleep longer by its timer slack,
//     some tens of microseconds. Queues must hold the packets that come meanwhile.
//
// The sleep is not time.Sleep: in an idle program Go's runtime waits for its timers in whole
// milliseconds, so 20 µs would become more than a millisecond. The sleep blocks the thread, not the
// program: other goroutines run before each sleep, and on other threads during it.
//
// A poller with a CPU of its own needs no Idle. A poller that is idle most of the time, on a driver
// with receive interrupts, can use ethdev's RxQueue.WaitBurst. That has no cost while it waits, but it
// takes microseconds to fall asleep and to wake up.
//
// The zero value is ready. An Idle belongs to one goroutine. EAL need not run.
type Idle struct {
	// Sleep is the duration of one sleep; 0 is 20 µs. If it is negative, After never sleeps.
	Sleep time.Duration
	idle  int // rounds that moved nothing; it stops counting where rounds sleep
}

// After ends a round that moved this number of packets or objects.
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

// Sleeping reports whether After sleeps at the next round that moves nothing. That is the time for
// work that is too slow for each round, such as a check of why nothing comes.
func (i *Idle) Sleeping() bool { return i.idle >= idleSpins+idleYields && i.Sleep >= 0 }

// sleep blocks the thread for d. The other goroutines of this P run first.
func sleep(d time.Duration) {
	runtime.Gosched()
	linux.Sleep(d)
}
