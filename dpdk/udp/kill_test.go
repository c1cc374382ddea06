//go:build linux

package udp_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
)

// "udp busy" changes everything that a Shared has, until it is killed.
var _ = harness.Role("udp busy", func(args []string) error {
	harness.EndWithParent()
	cfg := ealtest.Secondary(args[0], 3)
	cfg.Lcores = "" // a free one
	if _, err := eal.Init(cfg); err != nil {
		return err
	}
	port, c, err := memberOf(args[1:], 1)
	if err != nil {
		return err
	}
	harness.Say("begins")
	for {
		h, err := udp.NewHost(port, c)
		if err == nil {
			err = errors.Join(busy(h), h.Close())
		}
		if err != nil {
			return err
		}
	}
})

// busy makes sockets, sends to the server of another host, and stores neighbors.
func busy(h *udp.Host) error {
	server := netip.MustParseAddrPort(our4 + ":700")
	for range 20 {
		c, err := h.ListenUDP("udp4", nil)
		if err != nil {
			return err
		}
		for range 10 {
			if _, err := c.WriteToUDPAddrPort([]byte("hello"), server); err != nil {
				return err
			}
			udp.PublishOwn(h, netip.AddrFrom4([4]byte{10, 8, byte(rand.IntN(64)), byte(rand.IntN(256))}))
		}
		if err := c.Close(); err != nil {
			return err
		}
	}
	return nil
}

func TestAHostKilledAtAnyMomentLeavesNothing(t *testing.T) {
	random := harness.Random(t)
	cfg, port := loop(t)
	h := newHost(t, port, cfg)
	require.NoError(t, serve(h, 0))
	for range harness.Kills(100, 6) {
		c := harness.Start(t, "udp busy", ealtest.Runtime().FilePrefix(), port.Name(), cfg.Pool.Name(), cfg.Shared.Name())
		c.Expect("begins")
		time.Sleep(time.Duration(random.Int64N(int64(30 * time.Millisecond)))) // the moment is random
		c.Kill()
		second := cfg
		second.FirstQueue = 1
		s, err := udp.NewHost(port, second)
		require.NoError(t, err)
		require.NoError(t, udp.CheckShared(cfg.Shared, 700))
		client := dial(t, s, "udp4", our4+":700")
		got, err := ask(client, "still there")
		require.NoError(t, err)
		require.Equal(t, "0:still there", got)
		require.NoError(t, client.Close())
		require.NoError(t, s.Close())
	}
	assert.Positive(t, h.Stats().TakenOver)
}

// checkRecovered checks that all mbufs of a pool return to it, each once. No port may use the pool any more.
func checkRecovered(t *testing.T, pool *mbuf.Pool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := ealtest.Runtime().Recover(ctx)
	require.NoError(t, err)
	_, err = pool.Recover(nil)
	require.NoError(t, err)
	seen := map[*mbuf.Mbuf]bool{}
	for m, ok := pool.Alloc(); ok; m, ok = pool.Alloc() {
		require.False(t, seen[m], "an mbuf is in the pool twice")
		seen[m] = true
	}
	assert.Len(t, seen, pool.Size())
	for m := range seen {
		m.Free()
	}
}
