//go:build linux

package doorbell_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/doorbell"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

var _ lcore.Waiter = (*doorbell.Waiter)(nil)

const (
	long = 20 * time.Second // longer than any wait here takes: a lost ring is a wait of this length
	end  = ^uint64(0)       // the element that ends an echo
)

// link is two doorbells, of the other process and of the test, and the rounds that the test has started and the other has done.
type link struct {
	echo, test  doorbell.Doorbell
	start, done struct {
		atomic.Uint64
		_ [56]byte
	}
}

// line is a link and the rings between an echo and the test.
type line struct {
	name       string
	bells      *link
	ping, pong *ring.Ring[uint64]
}

var lines atomic.Int64

func newLine(t testing.TB) line {
	t.Helper()
	name := fmt.Sprintf("line %d", lines.Add(1))
	v, err := memzone.CreateValue[link](name, memzone.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, v.Free()) })
	l := line{name: name, bells: v.Get()}
	for kind, r := range map[string]**ring.Ring[uint64]{" ping": &l.ping, " pong": &l.pong} {
		*r, err = ring.Create[uint64](name+kind, 64, ring.Config{Producer: ring.Single, Consumer: ring.Single})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, (*r).Free()) })
	}
	return l
}

func lookupLine(name string) (l line, err error) {
	v, err := memzone.LookupValue[link](name)
	if err != nil {
		return l, err
	}
	l = line{name: name, bells: v.Get()}
	if l.ping, err = ring.Lookup[uint64](name + " ping"); err == nil {
		l.pong, err = ring.Lookup[uint64](name + " pong")
	}
	return l, err
}

func prefix() string { return ealtest.Runtime().FilePrefix() }

// atOnce is an Idle that neither spins nor yields.
func atOnce(d *doorbell.Doorbell, sleep time.Duration) lcore.Idle {
	return lcore.Idle{Spins: -1, Yields: -1, Sleep: sleep, Waiter: d.NewWaiter()}
}

// The role returns each element that it gets. Its arguments are prefix, line, and the duration of a sleep. It reports the rounds of
// its loop, and the time that it has run.
var _ = harness.Role("echo", func(args []string) error {
	harness.EndWithParent()
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	l, err := lookupLine(args[1])
	if err != nil {
		return err
	}
	sleep, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	harness.Say("ready")
	rounds, begin := 0, cpuTime()
	idle := atOnce(&l.bells.echo, sleep)
	for v, ok := uint64(0), false; v != end; rounds++ {
		moved := 0
		if v, ok = l.ping.Dequeue(); ok {
			l.pong.Enqueue(v)
			l.bells.test.Ring()
			moved = 1
		}
		idle.After(moved)
	}
	harness.Say("rounds %d", rounds)
	harness.Say("ran %s", cpuTime()-begin)
	return rt.Close()
})

func startEcho(t *testing.T, l line, sleep time.Duration) *harness.Child {
	t.Helper()
	c := harness.Start(t, "echo", prefix(), l.name, sleep.String())
	c.Expect("ready")
	return c
}

// send sends an element to the echo.
func (l line) send(v uint64) {
	l.ping.Enqueue(v)
	l.bells.echo.Ring()
}

// exchange sends elements, each after its predecessor has come back. It returns the longest time of one. Of four exchanges one finds the
// echo asleep, one the test, and in one the test polls. The random delays let elements come while the echo goes to sleep.
func (l line) exchange(t *testing.T, random *rand.Rand, n int, sleep time.Duration) (longest time.Duration) {
	t.Helper()
	w := l.bells.test.NewWaiter()
	for i := range uint64(n) {
		spin(random)
		start := time.Now()
		switch i % 4 {
		case 0:
			for !l.bells.echo.Armed() {
				runtime.Gosched()
			}
		case 1:
			w.Arm()
		}
		l.send(i)
		for {
			v, ok := l.pong.Dequeue()
			if ok {
				require.Equal(t, i, v)
				break
			}
			if i%4 != 2 {
				w.Wait(sleep)
				w.Arm()
			}
		}
		longest = max(longest, time.Since(start))
	}
	return longest
}

// await waits until the counter has the value, or for a long time. It reports whether the counter has it.
func await(counter *atomic.Uint64, value uint64) bool {
	until := time.Now().Add(long)
	for i := 1; counter.Load() < value; i++ {
		lcore.Pause()
		if i%1000 == 0 {
			if time.Now().After(until) {
				return false
			}
			runtime.Gosched()
		}
	}
	return true
}

// spin waits for up to 2 µs, and sometimes for longer.
func spin(random *rand.Rand) {
	most := 2000
	if random.IntN(20) == 0 {
		most = 100_000
	}
	until := lcore.Cycles() + lcore.ToCycles(time.Duration(random.IntN(most)))
	for lcore.Cycles() < until {
		lcore.Pause()
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}
