//go:build linux

package doorbell_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/doorbell"
	"github.com/godpdk/godpdk/dpdk/lcore"
)

func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// waited returns how long a Wait takes.
func waited(w *doorbell.Waiter, most time.Duration) time.Duration {
	start := time.Now()
	w.Wait(most)
	return time.Since(start)
}

// sleeping waits until n threads of this process sleep in a futex of the doorbell.
func sleeping(t *testing.T, d *doorbell.Doorbell, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return doorbell.Sleepers(d) == n }, long, time.Millisecond)
}

func TestRingWakesAllWaiters(t *testing.T) {
	d := &newLine(t).bells.test
	var all sync.WaitGroup
	for range 3 {
		w := d.NewWaiter()
		w.Arm()
		all.Go(func() { assert.Less(t, waited(w, long), long/2) })
	}
	sleeping(t, d, 3)
	d.Ring()
	all.Wait()
	assert.EqualValues(t, 1, d.Rung())
}

func TestARingBetweenArmAndWaitEndsTheWait(t *testing.T) {
	d := &newLine(t).bells.test
	a, b := d.NewWaiter(), d.NewWaiter()
	a.Arm()
	d.Ring()
	b.Arm() // arms the doorbell again: a must not sleep until the next ring
	assert.Less(t, waited(a, long), long/2)
	d.Ring()
	assert.Less(t, waited(b, long), long/2)
	assert.EqualValues(t, 2, d.Rung())
}

func TestRingWithoutSleepersChangesNothing(t *testing.T) {
	d := &newLine(t).bells.test
	d.Ring()
	assert.Zero(t, d.Rung())
	w := d.NewWaiter()
	w.Arm()
	w.Disarm()
	for range 3 {
		d.Ring()
	}
	assert.EqualValues(t, 1, d.Rung(), "a waiter that has left, or died, costs one call of the kernel")
	assert.Less(t, waited(w, long), long/2, "without Arm")
}

func TestWaitIsBounded(t *testing.T) {
	const most = 20 * time.Millisecond
	d := &newLine(t).bells.test
	w := d.NewWaiter()
	w.Arm()
	assert.GreaterOrEqual(t, waited(w, most), most)
	w.Arm()
	assert.Less(t, waited(w, -1), long)

	// The one that rings dies before it wakes the sleeper.
	w.Arm()
	ended := make(chan time.Duration)
	go func() { ended <- waited(w, 200*time.Millisecond) }()
	sleeping(t, d, 1)
	require.True(t, d.HalfRing())
	assert.GreaterOrEqual(t, <-ended, 200*time.Millisecond)
	w.Arm()
	require.True(t, d.HalfRing())
	assert.Less(t, waited(w, long), long/2, "it has not slept yet")
}

func TestAContextEndsASleep(t *testing.T) {
	d := &newLine(t).bells.test
	ctx, cancel := context.WithCancel(t.Context())
	defer context.AfterFunc(ctx, d.Ring)()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for idle := atOnce(d, long); ctx.Err() == nil; {
			idle.After(0)
		}
	}()
	sleeping(t, d, 1)
	cancel()
	select {
	case <-ended:
	case <-time.After(long / 2):
		t.Fatal("it still sleeps")
	}
}

func TestNothingAllocates(t *testing.T) {
	d := &newLine(t).bells.test
	w := d.NewWaiter()
	idle := lcore.Idle{Spins: 1, Yields: 1, Sleep: time.Microsecond, Waiter: w}
	assert.Zero(t, allocs(func() {
		for range 5 {
			idle.After(0)
		}
		idle.After(1)
		w.Arm()
		d.Ring()
		w.Wait(time.Second)
		w.Arm()
		w.Disarm()
	}))
}

// allocs returns the allocations of f. Other goroutines, such as those of EAL, allocate too while f sleeps, so the least of some measurements counts.
func allocs(f func()) float64 {
	least := testing.AllocsPerRun(20, f)
	for i := 0; i < 20 && least > 0; i++ {
		least = min(least, testing.AllocsPerRun(20, f))
	}
	return least
}
