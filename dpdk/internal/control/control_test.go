package control

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

// primary is an EAL with a living or a dead primary.
type primary bool

func (p primary) PrimaryAlive() bool { return bool(p) }
func (primary) RunsGo(string) bool   { return false }
func (primary) EnterLocks()          {}
func (primary) LeaveLocks()          {}
func (primary) RunOnMain(f func())   { f() }

func stop(t *testing.T) {
	t.Helper()
	require.NoError(t, Stop())
}

func TestControlIsRefusedUnlessEALRuns(t *testing.T) {
	called := false
	f := func() error { called = true; return nil }

	err := Call("rte_x", "obj", f)
	require.ErrorIs(t, err, dpdk.ErrNotRunning)
	assert.False(t, called, "C would crash")
	assert.Contains(t, err.Error(), `rte_x "obj"`)
	assert.Contains(t, err.Error(), "eal.Init", "names the fix")

	Start(primary(true))
	require.NoError(t, Call("rte_x", "obj", f))
	assert.True(t, called)

	stop(t)
	called = false
	require.ErrorIs(t, Call("rte_x", "obj", f), dpdk.ErrNotRunning)
	assert.False(t, called)
}

func TestControlTurnsErrnoIntoError(t *testing.T) {
	Start(primary(true))
	defer stop(t)
	err := Call("rte_x", "obj", func() error { return Errno(17) })
	require.ErrorIs(t, err, dpdk.ErrExist)
	var e *dpdk.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, dpdk.Error{Op: "rte_x", Name: "obj", Errno: 17}, *e)
}

func TestStopWaitsForControlCallsUnderWay(t *testing.T) {
	Start(primary(true))
	defer stop(t)
	entered, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var finished atomic.Bool
	go func() {
		ended <- Call("rte_x", "", func() error {
			close(entered)
			<-release
			finished.Store(true)
			return nil
		})
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() {
		err := Stop()
		assert.True(t, finished.Load(), "stopped while a control call was inside")
		stopped <- err
	}()
	for deadline := time.Now().Add(10 * time.Second); Running(); runtime.Gosched() {
		require.True(t, time.Now().Before(deadline), "Stop did not begin")
	}
	assert.ErrorIs(t, Call("rte_y", "", func() error { return nil }), dpdk.ErrNotRunning, "refused at once, inside another call too")
	assert.Empty(t, stopped)
	close(release)
	assert.NoError(t, <-stopped)
	assert.NoError(t, <-ended)
}

// Refused calls that follow each other without a gap kept a lock for readers taken for ever.
func TestStopIsNotStarvedByCallsThatGoOn(t *testing.T) {
	Start(primary(true))
	var calls atomic.Int64
	over := make(chan struct{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-over:
					return
				default:
					_ = Call("rte_x", "", func() error { calls.Add(1); return nil })
				}
			}
		}()
	}
	for calls.Load() < 10000 {
		runtime.Gosched()
	}
	stopped := make(chan error, 1)
	go func() { stopped <- Stop() }()
	select {
	case err := <-stopped:
		assert.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Error("Stop starves")
	}
	close(over)
	wg.Wait()
	if t.Failed() {
		<-stopped
	}
}

func TestStopNamesTheCallThatHangs(t *testing.T) {
	defer func(d time.Duration) { stopTimeout = d }(stopTimeout)
	stopTimeout = 50 * time.Millisecond
	Start(primary(true))
	entered, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- Call("rte_mempool_create", "pkts", func() error { close(entered); <-release; return nil })
	}()
	<-entered
	err := Stop()
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.Contains(t, err.Error(), `rte_mempool_create "pkts", which has run for `)
	assert.Contains(t, err.Error(), "memory stays mapped")
	close(release)
	assert.NoError(t, <-ended, "its memory is still there")
	assert.NoError(t, Stop(), "nothing runs any more")
}

func TestStopDoesNotWaitForAHookThatHangs(t *testing.T) {
	defer func(d time.Duration, f []func()) { stopTimeout, eal.atStop = d, f }(stopTimeout, eal.atStop)
	stopTimeout = 50 * time.Millisecond
	Start(primary(true))
	release := make(chan struct{})
	AtStop(func() { <-release })
	assert.ErrorIs(t, Stop(), dpdk.ErrBusy)
	close(release)
}

func TestACallThatPanicsHasLeft(t *testing.T) {
	Start(primary(true))
	assert.Panics(t, func() { _ = Call("rte_x", "", func() error { panic("x") }) })
	assert.NoError(t, Stop())
}

func TestControlCallsRunSideBySide(t *testing.T) {
	Start(primary(true))
	defer stop(t)
	// Each waits for the other: one at a time would never end.
	a, b := make(chan struct{}), make(chan struct{})
	done := make(chan error, 2)
	go func() { done <- Call("a", "", func() error { close(a); <-b; return nil }) }()
	go func() { done <- Call("b", "", func() error { close(b); <-a; return nil }) }()
	for range 2 {
		select {
		case err := <-done:
			assert.NoError(t, err)
		case <-time.After(10 * time.Second):
			t.Fatal("control calls exclude each other")
		}
	}
}

func TestControlIsRefusedWhenThePrimaryHasGone(t *testing.T) {
	Start(primary(true))
	defer stop(t)
	called := 0
	f := func() error { called++; return nil }
	require.NoError(t, Call("rte_x", "obj", f))
	eal.started = primary(false)
	err := Call("rte_x", "obj", f)
	require.ErrorIs(t, err, dpdk.ErrPrimaryGone)
	assert.NotErrorIs(t, err, dpdk.ErrNotRunning)
	assert.Equal(t, 1, called, "it would touch another's memory")
}
