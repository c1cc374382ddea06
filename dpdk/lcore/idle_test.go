//go:build linux

package lcore

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

func TestIdleSpinsThenYieldsThenSleeps(t *testing.T) {
	var i Idle
	for range idleSpins + idleYields {
		require.False(t, i.Sleeping())
		i.After(0)
	}
	require.True(t, i.Sleeping())
	i.After(0)
	require.True(t, i.Sleeping())
	i.After(1)
	require.False(t, i.Sleeping(), "a round that moves something starts over")
	assert.Equal(t, Idle{}, i)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { i.After(0) }))

	never := Idle{Sleep: -1}
	for range 10 * (idleSpins + idleYields) {
		never.After(0)
		require.False(t, never.Sleeping())
	}
}

func TestIdleHasTheRoundsOfItsFields(t *testing.T) {
	for _, c := range []struct {
		idle   Idle
		rounds int // before the first sleep
	}{
		{Idle{}, idleSpins + idleYields},
		{Idle{Spins: 7}, 7 + idleYields},
		{Idle{Yields: 3}, idleSpins + 3},
		{Idle{Spins: -1}, idleYields},
		{Idle{Yields: -1}, idleSpins},
		{Idle{Spins: -5, Yields: 2}, 2},
		{Idle{Spins: -1, Yields: -1}, 0},
		{Idle{Spins: math.MaxInt}, 1 << 30},
		{Idle{Yields: math.MaxInt}, 1 << 30},
	} {
		rounds := 0
		for ; rounds < 1000 && !c.idle.Sleeping(); rounds++ {
			c.idle.After(0)
		}
		assert.Equal(t, min(c.rounds, 1000), rounds, "%+v", c.idle)
	}
}

// calls is a Waiter that records its calls.
type calls struct {
	made []string
	most time.Duration
}

func (c *calls) Arm()                    { c.made = append(c.made, "arm") }
func (c *calls) Disarm()                 { c.made = append(c.made, "disarm") }
func (c *calls) Wait(most time.Duration) { c.made, c.most = append(c.made, "wait"), most }

func TestIdlePollsBetweenArmAndWait(t *testing.T) {
	var w calls
	i := Idle{Spins: -1, Yields: -1, Waiter: &w}
	after := func(moved int, want ...string) {
		t.Helper()
		w.made = nil
		i.After(moved)
		assert.Equal(t, want, w.made)
	}
	after(1)
	after(0, "arm")
	after(1, "disarm") // the poll after Arm has found something
	after(1)
	after(0, "arm")
	after(0, "wait")
	assert.Equal(t, idleWait, w.most)
	after(0, "arm")
	i.Sleep = time.Second
	after(0, "wait")
	assert.Equal(t, time.Second, w.most)
	after(1) // Wait has ended the effect of Arm
	i.Sleep = -1
	after(0)
	after(0)
}

// asleep starts an idle poller with long sleeps, on a thread of its own.
func asleep(t *testing.T) (tid int) {
	t.Helper()
	tids, stop, ended := make(chan int), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		tids <- linux.Gettid()
		i := Idle{Sleep: 100 * time.Millisecond}
		for {
			select {
			case <-stop:
				return
			default:
				i.After(0)
			}
		}
	}()
	tid = <-tids
	t.Cleanup(func() { close(stop); <-ended })
	return tid
}

// In an otherwise idle process Go's timers wait in whole milliseconds. So the sleep must be a system
// call of this thread.
func TestIdleSleepsInTheKernel(t *testing.T) {
	tid := asleep(t)
	call := ""
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); {
		text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", tid))
		require.NoError(t, err)
		call, _, _ = strings.Cut(string(text), " ")
		if call == fmt.Sprint(unix.SYS_NANOSLEEP) {
			return
		}
	}
	t.Fatalf("the thread is in system call %s", call)
}

func TestGoroutinesRunWhileAPollerIsIdle(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	asleep(t)
	for range 100 {
		done := make(chan struct{})
		go close(done)
		select {
		case <-done:
		case <-soon(t).Done():
			t.Fatal("nothing else runs")
		}
	}
}
