package mempool_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

func TestCreateAcceptsTheLongestNameWithAllOps(t *testing.T) {
	longest := strings.Repeat("n", mempool.MaxName)
	ops, err := mempool.Ops()
	require.NoError(t, err)
	for _, ops := range append(ops, "") {
		if strings.HasPrefix(ops, "ring_") || strings.HasSuffix(ops, "stack") || ops == "" {
			p, err := mempool.Create(longest, 7, 64, mempool.Config{Ops: ops})
			require.NoError(t, err, ops)
			require.NoError(t, p.Free())
		}
	}
}

var stores = []string{"ring_mp_mc", "ring_mt_rts", "ring_mt_hts", "stack", "lf_stack"}

// Objects that nothing has any more are those that a killed process had in its hands.
func TestRecoverReturnsWhatNothingHas(t *testing.T) {
	for _, ops := range stores {
		t.Run(ops, func(t *testing.T) {
			p := pool(t, 500, 64, mempool.Config{Ops: ops, CacheSize: 32})
			for range 3 { // around a ring
				p.PutBulk(all(t, p))
			}
			objs := make([]mempool.Object, 100)
			require.True(t, p.GetBulk(objs))
			c := cache(t, p, 32)
			o, ok := c.Get()
			require.True(t, ok)
			require.NotZero(t, c.Len())
			l, err := p.LcoreCache(3)
			require.NoError(t, err)
			l.PutBulk(objs[:10])
			held, lost := slices.Concat(objs[10:30], objs[10:20], []mempool.Object{o, {}}), objs[30:]

			missing, err := p.Missing(slices.Values(held))
			require.NoError(t, err)
			assert.ElementsMatch(t, lost, missing)
			n, err := p.Repair()
			require.NoError(t, err)
			assert.Zero(t, n, "nothing was killed inside the store")
			n, err = p.Recover(slices.Values(held))
			require.NoError(t, err)
			assert.Equal(t, len(lost), n)
			n, err = p.Recover(slices.Values(held))
			require.NoError(t, err)
			assert.Zero(t, n, "a second time")
			p.PutBulk(objs[10:30])
			c.Put(o)
			c.Flush()
			l.Flush()
			p.PutBulk(all(t, p)) // each once
		})
	}
}

func TestRecoverRefusesAPoolInUse(t *testing.T) {
	p := pool(t, 100, 64, mempool.Config{})
	other, err := mempool.Lookup(p.Name())
	require.NoError(t, err)
	c := cache(t, other, 16)
	_, err = p.Recover(nil)
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.ErrorContains(t, err, "another handle")
	require.NoError(t, c.Close())
	n, err := p.Recover(nil)
	require.NoError(t, err)
	assert.Zero(t, n)

	rts := pool(t, 100, 64, mempool.Config{Ops: "ring_mt_rts"})
	leave := rts.EnterGet()
	_, err = rts.Missing(nil)
	assert.ErrorIs(t, err, dpdk.ErrBusy)
	leave()
	_, err = rts.Missing(nil)
	assert.NoError(t, err)

	freed, err := mempool.Create(name(), 10, 64, mempool.Config{})
	require.NoError(t, err)
	require.NoError(t, freed.Free())
	_, err = freed.Recover(nil)
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
}
