//go:build linux

package batchmem_test

import (
	"flag"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) {
	flag.Parse()
	ealtest.Main(m, ealtest.Options{Configure: func(c *eal.Config) {
		c.MemoryMB += harness.Kills(100, 12) / 4 // DPDK does not return what a killed secondary had in its heap
	}})
}

var modes = []ring.Sync{ring.Single, ring.Multi, ring.RTS, ring.HTS}

// attach makes this process a secondary that leaves its lcore caches alone.
func attach(prefix string) (*eal.Runtime, error) {
	cfg := ealtest.Config(0)
	cfg.FilePrefix, cfg.ProcessType, cfg.Lcores, cfg.MemoryMB = prefix, eal.Secondary, "", 0
	cfg.PrimaryTimeout = 50 * time.Second // many start at once
	return eal.Init(cfg)
}

// within fails the test if f does not end in time: another process would wait for the dead one then.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s did not end", what)
	}
}

// claim takes over the batch of a process that was killed.
func claim(t *testing.T, name string, capacity int) *ring.Batch[uint64] {
	t.Helper()
	b, err := ring.NewBatch[uint64](name, capacity)
	require.NoError(t, err)
	return b
}

// drain removes all elements of a ring.
func drain(r *ring.Ring[uint64]) (all []uint64) {
	buf := make([]uint64, 8)
	for n := r.DequeueBurst(buf); n > 0; n = r.DequeueBurst(buf) {
		all = append(all, buf[:n]...)
	}
	return all
}

func TestABatchOfALivingProcessIsBusy(t *testing.T) {
	r, err := ring.Create[uint64]("busy", 16, ring.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Free()) }()
	p := ealtest.Start(t, "holder", ealtest.Runtime().FilePrefix(), "busy", "busy-batch")
	p.Expect("holds")
	_, err = ring.NewBatch[uint64]("busy-batch", 32)
	require.ErrorIs(t, err, dpdk.ErrBusy)
	require.ErrorContains(t, err, "a living process holds it")
	p.Kill()
	_, err = ring.NewBatch[uint32]("busy-batch", 32)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	b := claim(t, "busy-batch", 32)
	require.Equal(t, []uint64{1, 2, 3}, b.Elems())
	require.Equal(t, 3, r.EnqueueBatch(b))
	require.Equal(t, []uint64{1, 2, 3}, drain(r))
	require.NoError(t, b.Close())
	require.NoError(t, b.Close())
	require.Zero(t, r.EnqueueBatch(b))
	require.Zero(t, r.DequeueBatch(b, 4))
	require.Zero(t, b.Append(1))
}

// A process that holds three elements.
var _ = ealtest.Role("holder", func(args []string) error {
	if _, err := attach(args[0]); err != nil {
		return err
	}
	b, err := ring.NewBatch[uint64](args[2], 32)
	if err != nil {
		return err
	}
	b.Append(1, 2, 3)
	ealtest.Say("holds")
	ealtest.Hear()
	return nil
})

func TestAPlannedHandOverKeepsTheElements(t *testing.T) {
	b := claim(t, "planned", 8)
	b.Append(7, 8)
	require.NoError(t, b.Leave())
	next := claim(t, "planned", 8)
	require.Equal(t, []uint64{7, 8}, next.Elems())
	next.Drop(1)
	require.Equal(t, []uint64{8}, next.Elems())
	require.NoError(t, next.Close())
	empty := claim(t, "planned", 8)
	require.Zero(t, empty.Len(), "Close keeps nothing")
	require.NoError(t, empty.Close())
}
