package ringcore

import (
	"runtime"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

const (
	yieldFor  = time.Millisecond      // how long a waiter yields before it starts to sleep
	waitSleep = 50 * time.Microsecond // how long it sleeps at a time
)

// A Backoff is the patience of one wait; the zero value is ready.
//
// The one we wait for may be a goroutine, for which yielding is enough, or a
// thread of another process that the kernel has descheduled, perhaps in favour
// of us, which only sleeping helps. A waiter yields for much longer than one
// sleeps: otherwise those who wait for a sleeper fall asleep too, and from then
// on each of them finds somebody asleep before it, at every operation.
type Backoff struct{ since time.Time }

// Yield gives up the processor once. It sleeps without Go's timers, which make more than a
// millisecond of a short sleep in an idle process.
func (b *Backoff) Yield() {
	if b.since.IsZero() {
		b.since = time.Now()
	}
	if time.Since(b.since) < yieldFor {
		runtime.Gosched()
	} else {
		linux.Sleep(waitSleep)
	}
}
