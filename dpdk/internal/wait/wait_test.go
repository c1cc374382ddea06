package wait

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// With one P, a wait that did not yield would hang this test.
func TestTurnYieldsAndThenSleeps(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var flag atomic.Bool
	go flag.Store(true)
	var w Backoff
	for start := time.Now(); !flag.Load(); w.Turn() {
		require.Less(t, time.Since(start), 10*time.Second)
	}
	require.Zero(t, testing.AllocsPerRun(100, w.Turn))
	for time.Since(w.since) < yieldFor {
		w.Turn()
	}
	turns := w.turns
	for start := time.Now(); time.Since(start) < 100*time.Millisecond; {
		w.Turn()
	}
	// Every second turn sleeps.
	require.LessOrEqual(t, w.turns-turns, 2*int(100*time.Millisecond/sleepFor)+4)
}
