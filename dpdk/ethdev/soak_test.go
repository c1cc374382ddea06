package ethdev_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/harness"
)

// Bursts run C on goroutines' stacks. Meanwhile the runtime does everything that can disturb a
// goroutine: garbage collections without pause, a CPU profile at a high rate, an execution trace,
// dumps of all stacks, stacks that grow and shrink, and goroutines that start and end. No packet
// is lost, duplicated or out of order.
func TestBurstsSurviveABusyRuntime(t *testing.T) {
	const pollers = 3
	var end atomic.Bool
	var helpers sync.WaitGroup
	always := func(f func()) {
		helpers.Go(func() {
			for !end.Load() {
				f()
			}
		})
	}
	var profile bytes.Buffer
	runtime.SetCPUProfileRate(2000) // pprof prints on standard error that it keeps this rate
	require.NoError(t, pprof.StartCPUProfile(&profile))
	require.NoError(t, trace.Start(io.Discard))
	var collections atomic.Int64
	always(func() { runtime.GC(); collections.Add(1) })
	always(func() {
		stacks := make([]byte, 1<<16)
		assert.NotZero(t, runtime.Stack(stacks, true))
		time.Sleep(5 * time.Millisecond)
	})
	var garbage atomic.Pointer[[]byte]
	always(func() { b := make([]byte, 1<<14); garbage.Store(&b) })

	var bursts, packets atomic.Int64
	var all sync.WaitGroup
	stop := time.Now().Add(harness.Soak(t))
	for n := range pollers {
		pool := newPool(t)
		p := open(t, loop(), ethdev.Config{Pool: pool})
		l := looper{t: t, pool: pool, rx: p.RxQueue(0), tx: p.TxQueue(0), random: rand.New(rand.NewPCG(1, uint64(n)))}
		all.Go(func() {
			for time.Now().Before(stop) && !t.Failed() {
				// A new goroutine starts with a small stack.
				var once sync.WaitGroup
				once.Go(func() { l.rounds(200) })
				once.Wait()
			}
			bursts.Add(l.bursts)
			packets.Add(int64(l.next))
		})
	}
	all.Wait()
	end.Store(true)
	helpers.Wait()
	trace.Stop()
	pprof.StopCPUProfile()
	t.Logf("%d packets in %d bursts, %d collections, a profile of %d bytes", packets.Load(), bursts.Load(), collections.Load(), profile.Len())
	assert.Greater(t, collections.Load(), int64(10))
	assert.NotZero(t, profile.Len())
}

// looper sends numbered packets through a port that receives them again.
type looper struct {
	t      *testing.T
	pool   *mbuf.Pool
	rx     ethdev.RxQueue
	tx     ethdev.TxQueue
	random *rand.Rand
	next   int
	bursts int64
}

func (l *looper) rounds(n int) {
	for range n {
		l.deep(l.random.IntN(60))
		runtime.Gosched()
	}
}

// deep does a round below depth frames of half a kilobyte each.
func (l *looper) deep(depth int) byte {
	var frame [512]byte
	if depth == 0 {
		l.round()
		return 0
	}
	frame[depth] = l.deep(depth - 1)
	return frame[depth/2]
}

func (l *looper) round() {
	n := 1 + l.random.IntN(64)
	var in [64]*mbuf.Mbuf // on the stack, which may move between bursts
	out := numbered(l.t, l.pool, l.next, n)
	sent, got := l.tx.Burst(out), 0
	if l.random.IntN(2) == 0 {
		got = l.rx.Burst(in[:])
	} else {
		_, got = l.tx.Forward(nil, l.rx, in[:])
	}
	if sent != n || got != n {
		l.t.Errorf("%d packets: %d sent, %d received", n, sent, got)
	}
	for i, m := range numbersOf(in[:got]) {
		if m != l.next+i {
			l.t.Errorf("packet %d instead of %d", m, l.next+i)
			break
		}
	}
	mbuf.FreeBulk(in[:got])
	l.next += n
	l.bursts += 2
}
