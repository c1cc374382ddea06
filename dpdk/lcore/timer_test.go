package lcore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

// timing runs the timers of an lcore until the test ends.
func timing(t *testing.T, id int) *Task {
	t.Helper()
	task, err := Launch(context.Background(), id, func(ctx context.Context) error {
		for ctx.Err() == nil {
			if err := RunTimers(); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		task.Stop()
		assert.NoError(t, task.Wait(soon(t)))
	})
	return task
}

func newTimer(t *testing.T, fn func()) *Timer {
	t.Helper()
	timer, err := NewTimer(fn)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.Eventually(t, func() bool {
			return timer.Close() == nil
		}, 10*time.Second, time.Millisecond)
	})
	return timer
}

func TestOnceRunsTheTimerOnItsLcoreWhenDue(t *testing.T) {
	for _, id := range []int{mainLcore, 1, 2} {
		t.Run(name(id), func(t *testing.T) {
			ran := make(chan int, 10)
			timer := newTimer(t, func() { id, _ := Current(); ran <- id })
			assert.False(t, timer.Pending())
			timing(t, id)
			begin := time.Now()
			require.NoError(t, timer.Once(20*time.Millisecond, id))
			assert.True(t, timer.Pending())
			assert.Equal(t, id, <-ran)
			assert.GreaterOrEqual(t, time.Since(begin), 20*time.Millisecond)
			eventually(t, func() bool { return timer.Once(0, id) == nil }, "again, when the function has returned")
			<-ran
			require.Eventually(t, func() bool { return !timer.Pending() }, 10*time.Second, time.Millisecond)
			assert.Empty(t, ran)
		})
	}
}

func TestEveryRunsTheTimerUntilStop(t *testing.T) {
	var ran atomic.Int32
	timer := newTimer(t, func() { ran.Add(1) })
	timing(t, 1)
	begin := time.Now()
	require.NoError(t, timer.Every(2*time.Millisecond, 1))
	require.Eventually(t, func() bool { return ran.Load() >= 5 }, 10*time.Second, time.Millisecond)
	assert.GreaterOrEqual(t, time.Since(begin), 10*time.Millisecond)
	require.Eventually(t, func() bool { return timer.Stop() == nil }, 10*time.Second, time.Millisecond)
	assert.False(t, timer.Pending())
	n := ran.Load()
	other := newTimer(t, func() { ran.Add(100) })
	require.NoError(t, other.Once(20*time.Millisecond, 1))
	require.Eventually(t, func() bool { return ran.Load() >= 100 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, n+100, ran.Load(), "the stopped timer did not run again")
	require.NoError(t, timer.Stop(), "stopped twice")
}

func TestTimersRunInOrderAndCanBeSetAgain(t *testing.T) {
	var order []int
	var timers []*Timer
	for i := range 5 {
		timers = append(timers, newTimer(t, func() { order = append(order, i) }))
	}
	for i, d := range []time.Duration{50, 10, 40, 20, 30} {
		require.NoError(t, timers[i].Once(d*time.Millisecond, 1))
	}
	require.NoError(t, timers[2].Once(5*time.Millisecond, 1))
	require.NoError(t, timers[3].Stop())
	require.NoError(t, on(t, 1, func() error {
		for begin := time.Now(); len(order) < 4 && time.Since(begin) < 10*time.Second; {
			if err := RunTimers(); err != nil {
				return err
			}
		}
		return nil
	}))
	assert.Equal(t, []int{2, 1, 4, 0}, order)
}

func TestTimerFunctionMaySetAndStopTimers(t *testing.T) {
	var timer, other *Timer
	errs := make(chan error, 10)
	n := 0
	other = newTimer(t, func() { errs <- errors.New("ran though stopped") })
	timer = newTimer(t, func() {
		if n++; n < 4 {
			errs <- timer.Once(time.Millisecond, 1)
			return
		}
		errs <- other.Stop()
		errs <- timer.Stop()
		if err := timer.Close(); !errors.Is(err, dpdk.ErrBusy) {
			errs <- fmt.Errorf("closed inside: %w", err)
		}
		if err := RunTimers(); !errors.Is(err, dpdk.ErrBusy) {
			errs <- fmt.Errorf("nested: %w", err)
		}
		errs <- nil
	})
	timing(t, 1)
	require.NoError(t, other.Once(time.Minute, 1))
	require.NoError(t, timer.Once(time.Millisecond, 1))
	for range 6 {
		assert.NoError(t, <-errs)
	}
	assert.False(t, other.Pending())
}

func TestTimerThatRunsElsewhereReturnsErrBusy(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	timer := newTimer(t, func() { close(begun); <-end })
	timing(t, 1)
	require.NoError(t, timer.Once(0, 1))
	<-begun
	for _, f := range []func() error{timer.Stop, timer.Close, func() error { return timer.Once(0, 2) }} {
		err := f()
		assert.ErrorIs(t, err, dpdk.ErrBusy)
		assert.ErrorContains(t, err, "try again")
	}
	close(end)
	require.Eventually(t, func() bool { return timer.Stop() == nil }, 10*time.Second, time.Millisecond)
}

func TestPeriodicTimerMakesUpForMissedRounds(t *testing.T) {
	ran := 0
	timer := newTimer(t, func() { ran++ })
	require.NoError(t, on(t, 1, func() error {
		if err := timer.Every(10*time.Millisecond, 1); err != nil {
			return err
		}
		Delay(55 * time.Millisecond)
		var errs []error
		for range 4 { // in less than a period
			errs = append(errs, RunTimers())
		}
		return errors.Join(append(errs, timer.Stop())...)
	}))
	assert.Equal(t, 4, ran)
}

func TestTimerSetToMaxDurationDoesNotRun(t *testing.T) {
	var ran atomic.Int32
	once, every := newTimer(t, func() { ran.Add(1) }), newTimer(t, func() { ran.Add(1) })
	require.NoError(t, once.Once(math.MaxInt64, 1))
	require.NoError(t, every.Every(math.MaxInt64, 1))
	later := make(chan struct{})
	require.NoError(t, newTimer(t, func() { close(later) }).Once(10*time.Millisecond, 1))
	timing(t, 1)
	<-later
	assert.Zero(t, ran.Load())
	assert.True(t, once.Pending())
	assert.True(t, every.Pending())
}

func TestTicks(t *testing.T) {
	for _, tc := range []struct {
		d    time.Duration
		hz   uint64
		want uint64
	}{
		{0, 25e6, 0},
		{time.Second, 25e6, 25e6},
		{1, 25e6, 1}, // 0 would make a periodic timer a single shot
		{math.MaxInt64, 1e6, math.MaxInt64 / 1000},
		{math.MaxInt64, 4e9, math.MaxInt64}, // with more, the sum with the time overflows in DPDK
	} {
		assert.Equal(t, tc.want, ticks(tc.d, tc.hz), "%v at %d Hz", tc.d, tc.hz)
	}
}

func TestRunTimersReturnsPanics(t *testing.T) {
	cause := errors.New("cause")
	ran := false
	a, b := newTimer(t, func() { panic(cause) }), newTimer(t, func() { ran = true })
	require.NoError(t, a.Once(0, 2))
	require.NoError(t, b.Once(time.Microsecond, 2))
	time.Sleep(time.Millisecond)
	err := on(t, 2, RunTimers)
	require.ErrorIs(t, err, cause)
	var p *PanicError
	require.ErrorAs(t, err, &p)
	assert.Equal(t, 2, p.Lcore)
	assert.True(t, ran, "the others run")
	require.NoError(t, on(t, 2, RunTimers), "returned once")
}

func TestTimerRefusesBadArgumentsAndUseAfterClose(t *testing.T) {
	_, err := NewTimer(nil)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	timer := newTimer(t, func() {})
	for _, err := range []error{
		timer.Once(-1, 1), timer.Every(0, 1), timer.Every(-1, 1), timer.Once(1, 77), timer.Once(1, -2), timer.Once(1, Max), RunTimers(),
	} {
		assert.ErrorIs(t, err, dpdk.ErrInvalid)
	}
	require.NoError(t, timer.Once(time.Hour, AnyLcore))
	assert.True(t, timer.Pending())
	require.NoError(t, timer.Close())
	assert.False(t, timer.Pending())
	require.NoError(t, timer.Close(), "closed twice")
	for _, err := range []error{timer.Stop(), timer.Once(1, 1)} {
		assert.ErrorIs(t, err, dpdk.ErrNotFound)
	}
}

func TestRunTimersAllocatesNothing(t *testing.T) {
	newTimer(t, func() {})
	require.NoError(t, on(t, 1, func() error {
		if n := testing.AllocsPerRun(100, func() { _ = RunTimers() }); n != 0 {
			return fmt.Errorf("%v allocations", n)
		}
		return nil
	}))
}

func TestAlarms(t *testing.T) {
	t.Run("go off once, when due", func(t *testing.T) {
		ran := make(chan time.Duration, 2)
		begin := time.Now()
		a, err := NewAlarm(20*time.Millisecond, func() { ran <- time.Since(begin) })
		require.NoError(t, err)
		assert.GreaterOrEqual(t, <-ran, 20*time.Millisecond)
		assert.ErrorIs(t, a.Stop(), dpdk.ErrNotFound, "it has gone off")
		assert.Empty(t, ran)
	})
	t.Run("can be stopped", func(t *testing.T) {
		ran := make(chan int, 2)
		first, err := NewAlarm(50*time.Millisecond, func() { ran <- 1 })
		require.NoError(t, err)
		_, err = NewAlarm(60*time.Millisecond, func() { ran <- 2 })
		require.NoError(t, err)
		require.NoError(t, first.Stop())
		assert.ErrorIs(t, first.Stop(), dpdk.ErrNotFound)
		assert.Equal(t, 2, <-ran)
	})
	t.Run("may block and panic", func(t *testing.T) {
		end, ran := make(chan struct{}), make(chan struct{})
		defer close(end)
		_, err := NewAlarm(time.Microsecond, func() { <-end })
		require.NoError(t, err)
		_, err = NewAlarm(time.Microsecond, func() { panic("logged") })
		require.NoError(t, err)
		_, err = NewAlarm(time.Millisecond, func() { close(ran) })
		require.NoError(t, err)
		<-ran
	})
	for _, d := range []time.Duration{0, -1, time.Microsecond - 1} {
		_, err := NewAlarm(d, func() {})
		assert.ErrorIs(t, err, dpdk.ErrInvalid, d)
	}
	_, err := NewAlarm(time.Second, nil)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	a, err := NewAlarm(1<<63-1, func() {})
	require.NoError(t, err, "292 years")
	assert.NoError(t, a.Stop())
}
