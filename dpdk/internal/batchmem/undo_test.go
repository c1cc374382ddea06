//go:build linux

package batchmem_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/internal/batchmem"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// A process that is killed in the middle of an operation of 8 packets that is not on a ring.
var _ = ealtest.Role("halfway", func(args []string) error {
	if _, err := attach(args[0]); err != nil {
		return err
	}
	pool, err := mbuf.LookupPool("undo")
	if err != nil {
		return err
	}
	cache, err := pool.NewCache(64)
	if len(args) > 2 {
		cache, err = pool.LcoreCache(lcore)
	}
	if err != nil {
		return err
	}
	b, err := ring.NewBatch[*mbuf.Mbuf](args[1], 32)
	if err != nil {
		return err
	}
	if !cache.AllocBatch(b, 8) {
		return fmt.Errorf("the pool has no packets")
	}
	h := (*batchmem.Header)(b.Pointer())
	switch args[1] {
	case "putting": // the cache has the packets, and the batch too
		h.Begin(batchmem.Putting, h.Lo, 8)
		cache.FreeBulk(b.Elems())
	case "getting": // the cache no longer has them, and the batch not yet
		h.Begin(batchmem.Getting, h.Lo, 8)
		h.Hi = h.Lo
	case "receiving": // the driver has stored 8 packets that it may still have
		h.Begin(batchmem.Receiving, h.Lo, 8)
		h.Hi = h.Lo
	case "received": // the driver has returned 6
		h.Begin(batchmem.Receiving, h.Lo, 8)
		h.Hi -= 2
	case "sending":
		h.Begin(batchmem.Sending, h.Lo, 8)
	case "sent": // the port has accepted 6
		h.Begin(batchmem.Sending, h.Lo, 8)
		h.Lo += 6
	}
	ealtest.Say("halfway")
	ealtest.Hear()
	return nil
})

// The successor comes before the primary has noticed the death.
func TestASuccessorFindsNoPacketThatIsElsewhere(t *testing.T) {
	pool, err := mbuf.CreatePool("undo", 511, mbuf.PoolConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, pool.Free()) }()
	for name, want := range map[string]struct{ kept, lost int }{
		"putting": {0, 0}, "getting": {8, 0}, "receiving": {0, 8}, "received": {6, 2}, "sending": {0, 8}, "sent": {2, 6},
	} {
		t.Run(name, func(t *testing.T) {
			p := ealtest.Start(t, "halfway", ealtest.Runtime().FilePrefix(), name)
			p.Expect("halfway")
			p.Kill()
			b, err := ring.NewBatch[*mbuf.Mbuf](name, 32)
			require.NoError(t, err)
			require.Equal(t, want.kept, b.Len())
			require.NoError(t, b.Close())
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err = ealtest.Runtime().Recover(ctx)
			require.NoError(t, err)
			missing, err := pool.Missing(nil)
			require.NoError(t, err)
			require.Len(t, missing, want.lost)
			_, err = pool.Recover(nil)
			require.NoError(t, err)
			all := make([]*mbuf.Mbuf, pool.Size())
			require.True(t, pool.AllocBulk(all), "each is in the pool")
			distinct := map[*mbuf.Mbuf]bool{}
			for _, m := range all {
				distinct[m] = true
			}
			require.Len(t, distinct, pool.Size())
			mbuf.FreeBulk(all)
		})
	}
}

// A process that is killed before it has published 8 elements on a Single side.
var _ = ealtest.Role("single", func(args []string) error {
	if _, err := attach(args[0]); err != nil {
		return err
	}
	r, err := ring.Lookup[uint64]("single")
	if err != nil {
		return err
	}
	b, err := ring.NewBatch[uint64]("single", 32)
	if err != nil {
		return err
	}
	b.Append(1)
	r.EnqueueBatch(b)
	b.Append(2, 3, 4, 5, 6, 7, 8, 9)
	h := (*batchmem.Header)(b.Pointer())
	h.Head, h.Count, h.Index = h.Out.Prod.Head, 0, h.Lo
	h.Step = ringcore.Entering
	ealtest.Say("halfway")
	ealtest.Hear()
	return nil
})

// Nothing distinguishes the elements of the dead from those that its successor moves.
func TestANewBatchSettlesTheSingleSideFirst(t *testing.T) {
	r, err := ring.Create[uint64]("single", 32, ring.Config{Producer: ring.Single, Consumer: ring.Single})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Free()) }()
	p := ealtest.Start(t, "single", ealtest.Runtime().FilePrefix())
	p.Expect("halfway")
	p.Kill()
	b, err := ring.NewBatch[uint64]("", 32)
	require.NoError(t, err)
	b.Append(10, 11, 12, 13)
	require.Equal(t, 4, r.EnqueueBatch(b))
	dead := claim(t, "single", 32)
	require.Equal(t, []uint64{2, 3, 4, 5, 6, 7, 8, 9}, dead.Elems())
	require.Equal(t, 8, r.EnqueueBatch(dead))
	require.Equal(t, []uint64{1, 10, 11, 12, 13, 2, 3, 4, 5, 6, 7, 8, 9}, drain(r))
	require.NoError(t, dead.Close())
	require.NoError(t, b.Close())
}

// The successor on an lcore uses the same cache, perhaps before the primary has noticed the death. A
// new batch ends the operations of the dead there.
func TestANewBatchEndsWhatTheDeadHadBegunOnACacheOfAnLcore(t *testing.T) {
	pool, err := mbuf.CreatePool("undo", 511, mbuf.PoolConfig{CacheSize: 64})
	require.NoError(t, err)
	defer func() { require.NoError(t, pool.Free()) }()
	p := ealtest.Start(t, "halfway", ealtest.Runtime().FilePrefix(), "putting", "lcore")
	p.Expect("halfway")
	p.Kill()
	b, err := ring.NewBatch[*mbuf.Mbuf]("", 32)
	require.NoError(t, err)
	cache, err := pool.LcoreCache(lcore)
	require.NoError(t, err)
	require.True(t, cache.AllocBatch(b, 32))
	dead, err := ring.NewBatch[*mbuf.Mbuf]("putting", 32)
	require.NoError(t, err)
	require.Zero(t, dead.Len(), "the cache had these packets")
	require.NoError(t, dead.Close())
	cache.FreeBatch(b)
	require.NoError(t, b.Close())
	cache.Flush()
	require.Equal(t, pool.Size(), pool.Available())
}

// lcore is an lcore of no process.
const lcore = 100

// A process that is killed with packets in a batch.
var _ = ealtest.Role("packets", func(args []string) error {
	if _, err := attach(args[0]); err != nil {
		return err
	}
	pool, err := mbuf.LookupPool("freed")
	if err != nil {
		return err
	}
	b, err := ring.NewBatch[*mbuf.Mbuf]("freed", 32)
	if err != nil {
		return err
	}
	m, ok := pool.Alloc()
	if !ok {
		return fmt.Errorf("the pool has no packets")
	}
	b.Append(m)
	ealtest.Say("holds")
	ealtest.Hear()
	return nil
})

func TestABatchForgetsThePacketsOfAFreedPool(t *testing.T) {
	pool, err := mbuf.CreatePool("freed", 511, mbuf.PoolConfig{})
	require.NoError(t, err)
	p := ealtest.Start(t, "packets", ealtest.Runtime().FilePrefix())
	p.Expect("holds")
	p.Kill()
	require.NoError(t, pool.Free())
	b, err := ring.NewBatch[*mbuf.Mbuf]("freed", 32)
	require.NoError(t, err)
	require.Equal(t, []*mbuf.Mbuf{nil}, b.Elems())
	require.NoError(t, b.Close())
}
