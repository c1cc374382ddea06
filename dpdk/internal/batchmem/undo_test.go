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
