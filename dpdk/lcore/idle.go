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
	idleWait   = 10 * time.Millisecond
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
//     none. The CPU stays occupied: other processes on it do not run. For a goroutine that is locked to its
//     thread, as by [Pin], each yield switches threads twice: set Yields to -1, and Spins higher, if its
//     P runs nothing else.
//   - Then they sleep in the kernel, for Sleep at a time. The CPU is free for others. Queues must hold
//     the packets that come meanwhile.
//
// Without a Waiter the loop sees new packets when the sleep ends (nanosleep). The kernel makes a sleep longer
// by its timer slack, some tens of microseconds. A Waiter ends a sleep when there are new packets:
//
//   - doorbell.Waiter, if other threads enqueue into rings, also in other processes.
//   - ethdev.RxInterrupt, if the driver has receive interrupts.
//
// A sleep is never longer than Sleep, so the loop looks at its queues and its context from time to time. To end it
// when a context ends, ring the doorbell: context.AfterFunc(ctx, bell.Ring).
//
// The sleep is not time.Sleep: in an idle program Go's runtime waits for its timers in whole
// milliseconds, so 20 µs would become more than a millisecond. The sleep blocks the thread, not the
// program: other goroutines run before each sleep, and on other threads during it. If all other Ps are busy,
// a goroutine that becomes ready during the sleep waits until Go's monitor takes the P from the sleeper: 20 µs to 10 ms.
// So give an idle poller with long sleeps a P that nothing else needs.
//
// A poller with a CPU of its own needs no Idle.
//
// The zero value is ready. An Idle belongs to one goroutine. EAL need not run. After does not allocate.
type Idle struct {
	// Spins is the number of rounds that spin; 0 is 64. If it is negative, no round spins. With math.MaxInt all rounds spin.
	Spins int
	// Yields is the number of rounds after them that yield; 0 is 200. If it is negative, no round yields.
	Yields int
	// Sleep is the longest duration of one sleep. 0 is 20 µs, and 10 ms with a Waiter. If it is negative, After never sleeps, but
	// yields.
	Sleep time.Duration
	// Waiter ends a sleep when there is something to do. If it is nil, the sleep takes its full time.
	Waiter Waiter

	idle  int  // rounds that moved nothing; it stops counting where rounds sleep
	armed bool // the Waiter is armed, and the loop is looking once more
}

// Waiter sleeps until an event, such as an interrupt. [Idle] calls Arm, lets the loop poll once more, and then calls Wait if
// the loop has found nothing, or else Disarm. An event between Arm and Wait must not be lost.
type Waiter interface {
	// Arm asks for the next event.
	Arm()
	// Wait sleeps until an event has happened since Arm, or for the time most. It may return early. It also ends
	// the effect of Arm. If it cannot wait for the event, it sleeps.
	Wait(most time.Duration)
	// Disarm ends the effect of Arm without Wait.
	Disarm()
}

// After ends a round that moved this number of packets or objects.
func (i *Idle) After(moved int) {
	if moved > 0 {
		i.idle = 0
		if i.armed {
			i.armed = false
			i.Waiter.Disarm()
		}
		return
	}
	spins := orElse(i.Spins, idleSpins)
	switch {
	case i.idle < spins:
		i.idle++
		lockops.Pause(4)
	case i.yields(spins):
		i.idle++
		runtime.Gosched()
	case i.Sleep < 0:
		runtime.Gosched()
	case i.Waiter == nil:
		sleep(orElse(i.Sleep, idleSleep))
	case i.armed:
		i.armed = false
		runtime.Gosched()
		i.Waiter.Wait(orElse(i.Sleep, idleWait))
	default:
		i.armed = true
		i.Waiter.Arm()
	}
}

// Sleeping reports whether After sleeps, or arms the Waiter, at the next round that moves nothing. That is the time for
// work that is too slow for each round, such as a check of why nothing comes.
func (i *Idle) Sleeping() bool {
	spins := orElse(i.Spins, idleSpins)
	return i.idle >= spins && !i.yields(spins) && i.Sleep >= 0
}

// yields reports whether the next round yields before it may sleep.
func (i *Idle) yields(spins int) bool { return i.idle-max(spins, 0) < orElse(i.Yields, idleYields) }

// orElse returns v, or what 0 stands for.
func orElse[T int | time.Duration](v, zero T) T {
	if v == 0 {
		return zero
	}
	return v
}

// sleep blocks the thread for d. The other goroutines of this P run first.
func sleep(d time.Duration) {
	runtime.Gosched()
	linux.Sleep(d)
}
