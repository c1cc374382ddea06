package mempool_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
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

// The role has an object in a cache and one in a batch.
var _ = harness.Role("owner of objects", func(args []string) (err error) {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	p, err := mempool.Lookup(args[1])
	if err != nil {
		return err
	}
	c, err := p.NewCache(8)
	if err != nil {
		return err
	}
	b, err := ring.NewBatch[mempool.Object](args[1], 4)
	if err != nil {
		return err
	}
	o, ok := c.Get()
	if !ok || b.Append(o) != 1 || c.Len() == 0 {
		return errors.New("no objects")
	}
	harness.Say("has")
	harness.Hear()
	return errors.Join(c.Close(), b.Leave())
})

// Recover must not take what a living secondary has, or what waits for a successor.
func TestRecoverSparesCachesAndBatchesOfSecondaries(t *testing.T) {
	p := pool(t, 100, 64, mempool.Config{})
	other := harness.Start(t, "owner of objects", ealtest.Runtime().FilePrefix(), p.Name())
	other.Expect("has")
	require.NotZero(t, p.InUse())
	missing, err := p.Missing(nil)
	require.NoError(t, err)
	assert.Empty(t, missing)
	other.Send("end")
	other.Wait()
	require.Equal(t, 1, p.InUse(), "the object in the batch")
	missing, err = p.Missing(nil)
	require.NoError(t, err)
	assert.Empty(t, missing)
	b, err := ring.NewBatch[mempool.Object](p.Name(), 4)
	require.NoError(t, err)
	require.NoError(t, b.Close())
}
