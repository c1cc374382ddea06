//go:build linux

package stops

import (
	"os"
	"os/signal"
	"runtime"
	"runtime/metrics"
	"time"

	"golang.org/x/sys/unix"
)

// vitals is how well a Go process does while DPDK is at work.
type vitals struct {
	Stop           time.Duration // the longest time that a collection waited for the process to stop
	Timer          time.Duration // the latest timer
	Signal         time.Duration // the slowest handling of a signal
	Bursts, Allocs int64         // done meanwhile
}

const stopping = "/sched/pauses/stopping/gc:seconds"

// examine collects garbage, sets timers and sends itself signals for d, at least once.
func examine(l *load, d time.Duration) (v vitals) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGUSR1)
	defer signal.Stop(signals)
	before := stops()
	bursts, allocs := l.bursts.Load(), l.allocs.Load()
	for end := time.Now().Add(d); ; {
		runtime.GC()
		start := time.Now()
		<-time.After(time.Millisecond)
		v.Timer = max(v.Timer, time.Since(start)-time.Millisecond)
		start = time.Now()
		if unix.Kill(os.Getpid(), unix.SIGUSR1) == nil {
			<-signals
			v.Signal = max(v.Signal, time.Since(start))
		}
		if time.Now().After(end) {
			break
		}
	}
	v.Bursts, v.Allocs = l.bursts.Load()-bursts, l.allocs.Load()-allocs
	after := stops()
	for i, n := range after.Counts {
		if n > before.Counts[i] {
			v.Stop = time.Duration(max(after.Buckets[i], 0) * float64(time.Second))
		}
	}
	return v
}

func stops() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: stopping}}
	metrics.Read(sample)
	return sample[0].Value.Float64Histogram()
}
