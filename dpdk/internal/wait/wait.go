// Package wait paces a goroutine that waits for another thread, in this process or another.
package wait

import (
	"runtime"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/lockops"
)

const (
	spins    = 64                    // turns that only spin
	yieldFor = time.Millisecond      // how long a waiter then yields before it sleeps
	sleepFor = 50 * time.Microsecond // duration of one sleep
)

// Backoff paces one wait. The zero value is ready.
//
// The awaited thread may be running on another CPU: spin. Or it is a goroutine that needs
// this P, or a thread of any process that needs this CPU: yield both, alternately. Or it has
// been descheduled for long: sleep. A waiter yields for much longer than one sleep lasts.
// Otherwise threads that wait for a sleeping thread fall asleep too, and each of them then
// finds a sleeping thread before it, at every operation.
type Backoff struct {
	turns int
	since time.Time
}

// AfterSpinning returns a Backoff for a caller that has spun already.
func AfterSpinning() Backoff { return Backoff{turns: spins} }

// Turn gives other threads some time. It sleeps without Go's timers, which extend a short
// sleep in an idle process to more than a millisecond.
func (b *Backoff) Turn() {
	b.turns++
	switch {
	case b.turns <= spins:
		lockops.Pause(4)
		return
	case b.since.IsZero():
		b.since = time.Now()
	}
	switch {
	case b.turns&1 == 0:
		runtime.Gosched()
	case time.Since(b.since) < yieldFor:
		linux.SchedYield()
	default:
		linux.Sleep(sleepFor)
	}
}
