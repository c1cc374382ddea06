//go:build linux

package ethdev_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

var _ lcore.Waiter = (*ethdev.RxInterrupt)(nil)

// long is longer than any wait of these tests takes.
const long = 20 * time.Second

// Each frame is sent at another moment of the loop: while it arms the interrupt, looks again, or sleeps.
func TestAnIdleLoopWakesUpForEachFrame(t *testing.T) {
	p, i := newTap(t, ethdev.Config{Pool: newPool(t), RxInterrupts: true})
	rx := p.RxQueue(0)
	drainFor(t, rx)
	interrupt, err := rx.Interrupt()
	require.NoError(t, err)
	sendOne, end := sender(t, i)
	defer end()

	const frames = 300
	got, longest := make(chan byte), make(chan time.Duration, 1)
	go func() {
		defer close(got)
		idle := lcore.Idle{Spins: -1, Yields: -1, Sleep: long, Waiter: interrupt}
		var pkts [4]*mbuf.Mbuf
		worst := time.Duration(0)
		for n := 0; n < frames; {
			k := rx.Burst(pkts[:])
			for _, m := range pkts[:k] {
				if isFrame(m, byte(n)) {
					got <- byte(n)
					n++
				}
			}
			mbuf.FreeBulk(pkts[:k])
			start := time.Now()
			idle.After(k)
			worst = max(worst, time.Since(start))
		}
		longest <- worst
	}()
	for n := range frames {
		if n%3 == 0 {
			require.True(t, asleep())
		}
		sendOne(frame(byte(n)))
		require.Equal(t, byte(n), <-got)
	}
	assert.Less(t, <-longest, long/2, "a wake-up was lost")
}

func TestInterruptWaitIsBoundedAndDoesNotAllocate(t *testing.T) {
	p, _ := newTap(t, ethdev.Config{Pool: newPool(t), RxInterrupts: true})
	drainFor(t, p.RxQueue(0))
	interrupt, err := p.RxQueue(0).Interrupt()
	require.NoError(t, err)
	interrupt.Wait(time.Millisecond) // without Arm
	assert.Zero(t, allocs(func() {
		interrupt.Arm()
		interrupt.Wait(time.Millisecond)
		interrupt.Arm()
		interrupt.Disarm()
		interrupt.Arm()
		interrupt.Wait(-1)
	}))
}

func TestStopEndsTheWaitForAnInterrupt(t *testing.T) {
	p, _ := newTap(t, ethdev.Config{Pool: newPool(t), RxInterrupts: true})
	drainFor(t, p.RxQueue(0))
	interrupt, err := p.RxQueue(0).Interrupt()
	require.NoError(t, err)
	ended := make(chan struct{})
	interrupt.Arm()
	go func() {
		defer close(ended)
		interrupt.Wait(long)
	}()
	require.True(t, asleep())
	require.NoError(t, p.Stop())
	select {
	case <-ended:
	case <-time.After(long / 2):
		t.Fatal("it still sleeps")
	}
	interrupt.Arm()
	start := time.Now()
	interrupt.Wait(long) // a stopped port has no interrupt
	assert.GreaterOrEqual(t, time.Since(start), 10*time.Millisecond)
	assert.Less(t, time.Since(start), long/2)
	require.NoError(t, p.Start())
}

func TestWaitIsShortIfTheDriverDoesNotEnableTheInterrupt(t *testing.T) {
	p, _ := newTap(t, ethdev.Config{Pool: newPool(t), RxInterrupts: true})
	drainFor(t, p.RxQueue(0))
	interrupt, err := p.RxQueue(0).Interrupt()
	require.NoError(t, err)
	wait := func(most time.Duration) time.Duration {
		interrupt.Arm()
		start := time.Now()
		interrupt.Wait(most)
		return time.Since(start)
	}
	mend := ethdev.BreakInterrupt(interrupt)
	took := wait(long)
	assert.GreaterOrEqual(t, took, 10*time.Millisecond)
	assert.Less(t, took, long/2)
	mend()
	assert.GreaterOrEqual(t, wait(50*time.Millisecond), 50*time.Millisecond, "it waits for the interrupt again")
}

// A control call may wait for a device or another process. Loops go on meanwhile.
func TestControlCallDoesNotBlockALoop(t *testing.T) {
	p, _ := newTap(t, ethdev.Config{Pool: newPool(t), RxInterrupts: true})
	drainFor(t, p.RxQueue(0))
	interrupt, err := p.RxQueue(0).Interrupt()
	require.NoError(t, err)
	release := ethdev.HoldControl(p)
	defer release()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		interrupt.Arm()
		interrupt.Wait(time.Millisecond)
		interrupt.Arm()
		interrupt.Disarm()
	}()
	select {
	case <-ended:
	case <-time.After(long / 2):
		t.Error("it waits for the control call")
	}
}

func TestInterruptOfAQueueWithoutInterruptsReturnsErrUnsupported(t *testing.T) {
	p, err := ethdev.Open(null(""), ethdev.Config{Pool: newPool(t), RxInterrupts: true})
	require.NoError(t, err)
	_, err = p.RxQueue(0).Interrupt()
	require.ErrorIs(t, err, dpdk.ErrUnsupported)
	_, err = ethdev.RxQueue{}.Interrupt()
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	require.NoError(t, p.Detach())
}

// allocs returns the allocations of f. Other goroutines, such as those of EAL, allocate too while f sleeps, so the least of some measurements counts.
func allocs(f func()) float64 {
	least := testing.AllocsPerRun(20, f)
	for i := 0; i < 20 && least > 0; i++ {
		least = min(least, testing.AllocsPerRun(20, f))
	}
	return least
}
