//go:build linux

package batchmem_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/internal/lfstack"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// A worker that allocates, forwards and frees packets until it hears a line.
var _ = ealtest.Role("forwarder", func(args []string) error {
	rt, err := attach(args[0])
	if err != nil {
		return err
	}
	pool, err := mbuf.LookupPool("storm")
	if err != nil {
		return err
	}
	r, err := ring.Lookup[*mbuf.Mbuf]("storm_mbufs")
	if err != nil {
		return err
	}
	cache, err := pool.NewCache(64)
	if err != nil {
		return err
	}
	b, err := ring.NewBatch[*mbuf.Mbuf]("", 64)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	go func() { ealtest.Hear(); close(stop) }()
	ealtest.Say("works")
	random := rand.New(rand.NewPCG(uint64(rt.MainLcore()), 0))
	for {
		select {
		case <-stop:
			return errors.Join(b.Close(), cache.Close(), rt.Close())
		default:
		}
		for range 500 {
			cache.AllocBatch(b, random.IntN(32))
			r.EnqueueBatch(b)
			r.DequeueBatch(b, random.IntN(48))
			cache.FreeBatch(b)
		}
	}
})

func TestStormOfKilledWorkersReturnsAllMbufs(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	kills := harness.Kills(25, 6)
	defer func() { t.Logf("mbuf storm: seed %d, %d processes killed", seed, kills) }()
	pool, err := mbuf.CreatePool("storm", 2047, mbuf.PoolConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, pool.Free()) }()
	r, err := ring.Create[*mbuf.Mbuf]("storm_mbufs", 512, ring.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Free()) }()

	var running [3]*ealtest.Process
	for i := range running {
		running[i] = ealtest.Start(t, "forwarder", ealtest.Runtime().FilePrefix())
	}
	for i := range kills {
		for _, p := range running {
			if i == 0 {
				p.Expect("works")
			}
		}
		victim := random.IntN(len(running))
		time.Sleep(time.Duration(random.IntN(2000)) * time.Microsecond) // the random moment
		running[victim].Kill()
		running[victim] = ealtest.Start(t, "forwarder", ealtest.Runtime().FilePrefix())
		running[victim].Expect("works")
	}
	for _, p := range running {
		p.Send("stop")
		p.Wait()
	}
	pkts := make([]*mbuf.Mbuf, 64)
	within(t, "the ring", func() {
		for n := r.DequeueBurst(pkts); n > 0; n = r.DequeueBurst(pkts) {
			mbuf.FreeBulk(pkts[:n])
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = ealtest.Runtime().Recover(ctx)
	require.NoError(t, err)
	found, err := pool.Recover(nil)
	require.NoError(t, err)
	if lfstack.Native { // else a process that was killed inside C's functions of the pool has lost its mbufs
		require.Zero(t, found, "mbufs that only a sweep has found")
	}
	require.Equal(t, pool.Size(), pool.Available())
	all := make([]*mbuf.Mbuf, pool.Size()) // each once
	require.True(t, pool.AllocBulk(all))
	distinct := map[*mbuf.Mbuf]bool{}
	for _, m := range all {
		distinct[m] = true
	}
	require.Len(t, distinct, pool.Size())
	mbuf.FreeBulk(all)
}
