//go:build linux

package guest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

func TestRestartsLoseNoMbuf(t *testing.T) {
	const rounds = 20
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 4095, 0), ethdev.Config{}, "A", "B")
	// some frames are in the queues of B when it stops, and on the way to it. The links need not be up.
	some := func() {
		for _, way := range [][2]*ethdev.Port{{p.b, p.a}, {p.a, p.b}} {
			for _, f := range frames(t, way[0], way[1], 8, standard) {
				m := packet(t, p.pool, f)
				if way[0].TxQueue(0).Burst([]*mbuf.Mbuf{m}) == 0 {
					m.Free()
				}
			}
		}
	}
	for round := range rounds {
		some()
		require.NoError(t, p.b.Stop())
		if round%2 == 1 {
			require.NoError(t, p.b.Configure(ethdev.Config{Pool: p.pool}))
		}
		require.NoError(t, p.b.Start())
	}
	p.drain(t)
	p.both(t, 40, standard)
	for round := range rounds {
		some()
		require.NoError(t, p.b.Detach(), round)
		var err error
		p.b, err = ethdev.Open(nic("B"), ethdev.Config{Pool: p.pool})
		require.NoError(t, err, round)
	}
	p.drain(t)
	p.both(t, 40, standard)
}

// drain waits for the links, and for frames that are on the way.
func (p *pair) drain(t testing.TB) {
	t.Helper()
	p.linked(t)
	var pkts [32]*mbuf.Mbuf
	for quiet := time.Now(); time.Since(quiet) < 200*time.Millisecond; {
		for _, port := range []*ethdev.Port{p.a, p.b} {
			if n := port.RxQueue(0).Burst(pkts[:]); n > 0 {
				mbuf.FreeBulk(pkts[:n])
				quiet = time.Now()
			}
		}
	}
}

func TestReceiveInterruptsWakeAReceiver(t *testing.T) {
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 4095, 0), ethdev.Config{RxInterrupts: true}, "A", "B")
	const count = 30
	want := frames(t, p.a, p.b, count, standard)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	received := make(chan error)
	go func() {
		defer close(received)
		var pkts [8]*mbuf.Mbuf
		for n := 0; n < count; {
			got, err := p.b.RxQueue(0).WaitBurst(ctx, pkts[:])
			for _, m := range pkts[:got] {
				if ours(m) {
					n++
				}
			}
			mbuf.FreeBulk(pkts[:got])
			received <- err
			if err != nil {
				return
			}
		}
	}()
	for _, f := range want { // one by one: the receiver sleeps before each
		time.Sleep(2 * time.Millisecond)
		for pkts := []*mbuf.Mbuf{packet(t, p.pool, f)}; len(pkts) > 0; {
			pkts = pkts[p.a.TxQueue(0).Burst(pkts):]
		}
		require.NoError(t, <-received)
	}
	_, open := <-received
	require.False(t, open)

	short, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	var pkts [8]*mbuf.Mbuf
	got, err := p.b.RxQueue(0).WaitBurst(short, pkts[:])
	assert.Zero(t, got)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}
