//go:build linux

package doorbell_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/test/harness"
)

// lastRound ends the role ringer.
const lastRound = 1 << 40

// The role sends an element in each round.
var _ = harness.Role("ringer", func(args []string) error {
	harness.EndWithParent()
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	l, err := lookupLine(args[1])
	if err != nil {
		return err
	}
	harness.Say("ready")
	start, done := &l.bells.start.Uint64, &l.bells.done
	for i := uint64(1); ; i++ {
		if !await(start, i) {
			return errors.New("the test has ended")
		}
		if start.Load() == lastRound {
			return rt.Close()
		}
		l.pong.Enqueue(i)
		l.bells.test.Ring()
		done.Store(i)
	}
})

// A producer enqueues and rings while a consumer in another process arms and looks. One of the two must see the other. Without the barrier in
// Ring, some of 10,000 rounds fail.
func TestRingOrArmSeesTheOther(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	random := harness.Random(t)
	l := newLine(t)
	c := harness.Start(t, "ringer", prefix(), l.name)
	c.Expect("ready")
	bell := &l.bells.test
	w := bell.NewWaiter()
	lost, i := 0, uint64(1)
	begin := time.Now()
	for ; time.Since(begin) < time.Second || i < 10_000 && time.Since(begin) < long; i++ {
		before, delay := bell.Rung(), random.IntN(64)
		l.bells.start.Store(i)
		for range delay {
			lcore.Pause()
		}
		w.Arm()
		_, found := l.pong.Dequeue()
		require.True(t, await(&l.bells.done.Uint64, i), "the ringer has ended")
		if !found {
			if bell.Rung() == before {
				lost++
			}
			l.pong.Dequeue()
		}
		if bell.Armed() {
			bell.Ring()
		}
	}
	l.bells.start.Store(lastRound)
	c.Wait()
	assert.Zero(t, lost, "of %d rounds", i)
	t.Logf("%d rounds", i)
}

func TestNoRingIsLostBetweenProcesses(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	random := harness.Random(t)
	const n = 20_000
	l := newLine(t)
	c := startEcho(t, l, long)
	assert.Less(t, l.exchange(t, random, n, long), long/2, "a ring was lost")
	l.send(end)
	c.Expect("rounds")
	c.Wait()
	assertRung(t, l, n)
}

func startC(t *testing.T, l line) *harness.Child {
	t.Helper()
	harness.Need(t, harness.Hugepages)
	c := harness.Command(t, harness.CC(t, "testdata/echo.c"), "--proc-type=secondary", "--file-prefix="+prefix(), "--no-pci",
		"--lcores", harness.Lcore(7), "--huge-dir="+harness.HugeDir(), "--", l.name, fmt.Sprint(long.Nanoseconds()))
	c.Expect("ready")
	return c
}

func TestACProgramRingsAndWaits(t *testing.T) {
	random := harness.Random(t)
	l := newLine(t)
	c := startC(t, l)
	const n = 5000
	assert.Less(t, l.exchange(t, random, n, long), long/2, "a ring was lost")
	l.send(end)
	c.Wait()
	assertRung(t, l, n)
}

// A ringer was stopped or killed before it has woken the sleepers.
func TestACProgramWakesForARingThatDidNotComplete(t *testing.T) {
	l := newLine(t)
	c := startC(t, l)
	d := &l.bells.test
	w := d.NewWaiter()
	w.Arm()
	ended := make(chan time.Duration)
	go func() { ended <- waited(w, long) }()
	sleeping(t, d, 1)
	require.True(t, d.HalfRing())
	l.send(1) // the program rings when it has returned the element
	assert.Less(t, <-ended, long/2)
	assert.EqualValues(t, 1, d.Rung(), "it has not found the doorbell armed")
	l.send(end)
	c.Wait()
	assert.False(t, d.Waking(), "the ring after it need not call the kernel")
}

// assertRung checks that both sides have rung for n exchanges: whenever the other slept, and not more often than there was something new.
func assertRung(t *testing.T, l line, n int) {
	t.Helper()
	for _, rung := range []uint32{l.bells.echo.Rung(), l.bells.test.Rung()} {
		assert.GreaterOrEqual(t, int(rung), n/4)
		assert.LessOrEqual(t, int(rung), n+1)
	}
}

func TestAnIdleProcessRunsRarely(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	const sleep, span = 10 * time.Millisecond, time.Second
	l := newLine(t)
	c := startEcho(t, l, sleep)
	l.exchange(t, harness.Random(t), 1, long)
	start := time.Now()
	time.Sleep(span)
	l.send(end)
	rounds := number(t, c.Expect("rounds"))
	took := time.Since(start)
	ran, err := time.ParseDuration(c.Expect("ran"))
	require.NoError(t, err)
	c.Wait()
	assert.LessOrEqual(t, rounds, 2*int(took/sleep)+50, "it has not slept")
	assert.Greater(t, rounds, int(span/sleep)/4, "it does not look at its ring once per sleep")
	assert.Less(t, ran, span/4)
	t.Logf("%d rounds and %v of CPU time in %v", rounds, ran, took)
}

func TestADeadSleeperCostsOneCallOfTheKernel(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	random := harness.Random(t)
	l := newLine(t)
	for range 3 {
		c := startEcho(t, l, long)
		l.exchange(t, random, 100, long)
		require.Eventually(t, l.bells.echo.Armed, long, time.Millisecond)
		c.Kill()
		before := l.bells.echo.Rung()
		for range 100 {
			l.bells.echo.Ring()
		}
		assert.LessOrEqual(t, l.bells.echo.Rung()-before, uint32(1))
	}
	c := startEcho(t, l, long)
	assert.Less(t, l.exchange(t, random, 100, long), long/2)
	l.send(end)
	c.Wait()
}

// The role sends all the time, with pauses in which the test falls asleep.
var _ = harness.Role("sender", func(args []string) error {
	harness.EndWithParent()
	if _, err := eal.Init(ealtest.Secondary(args[0], 7)); err != nil {
		return err
	}
	l, err := lookupLine(args[1])
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(uint64(os.Getpid()), 1))
	for i := uint64(0); ; i++ {
		l.pong.Enqueue(i)
		l.bells.test.Ring()
		spin(random)
	}
})

func TestASleeperOutlivesKilledSenders(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	random := harness.Random(t)
	const kills, sleep = 8, 100 * time.Millisecond
	l := newLine(t)
	idle := atOnce(&l.bells.test, sleep)
	missed := 0 // sleeps that no ring has ended although the ring had elements
	for range kills {
		c := harness.Start(t, "sender", prefix(), l.name)
		enough := 1000 + random.IntN(3000)
		for received := 0; received < enough; {
			start, rung := time.Now(), l.bells.test.Rung()
			n := 0
			for ; n < 64; n++ {
				if _, ok := l.pong.Dequeue(); !ok {
					break
				}
			}
			if received += n; received >= enough {
				break
			}
			idle.After(n)
			if time.Since(start) >= sleep && l.bells.test.Rung() == rung && l.pong.Len() > 0 && received > 0 {
				missed++
			}
		}
		c.Kill()
	}
	assert.LessOrEqual(t, missed, kills, "a killed sender may have lost one ring")
	assert.Greater(t, l.bells.test.Rung(), uint32(kills))
}
