package lockops

import (
	"runtime"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

const (
	spins     = 64                    // turns on the processor
	yieldFor  = time.Millisecond      // how long a waiter yields then before it sleeps
	waitSleep = 50 * time.Microsecond // how long it sleeps at a time
)

// A Wait is the patience of one wait for a lock; the zero value is ready.
//
// The holder may run on another CPU, and soon be done: spin. Or it is a goroutine
// that needs this P, or a thread of any process that needs this CPU: yield both, by
// turns. Or it has been stopped for long: sleep, without Go's timers, which make more than
// a millisecond of a short sleep in an idle process.
type Wait struct {
	turns int
	since time.Time
}

// Turn gives the holder some time.
func (w *Wait) Turn() {
	w.turns++
	switch {
	case w.turns <= spins:
		Pause(4)
		return
	case w.since.IsZero():
		w.since = time.Now()
	}
	switch {
	case w.turns&1 == 0:
		runtime.Gosched()
	case time.Since(w.since) < yieldFor:
		linux.SchedYield()
	default:
		linux.Sleep(waitSleep)
	}
}
