package mbuf_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// A killed process had plain packets, chains and clones in its hands, some of packets that live on.
func TestRecoverReturnsLostMbufs(t *testing.T) {
	p := newPool(t, 100, mbuf.PoolConfig{})
	clones := newPool(t, 50, mbuf.PoolConfig{DataRoom: mbuf.NoDataRoom})
	shared, chain := alloc(t, p), alloc(t, p)
	require.NoError(t, chain.Chain(alloc(t, p)))
	mine, err := chain.Clone(clones) // two clones, of mbufs that nobody has otherwise
	require.NoError(t, err)
	chain.Free()

	lost := alloc(t, p)
	require.NoError(t, lost.Chain(alloc(t, p)))
	_, err = lost.Clone(clones)
	require.NoError(t, err)
	_, err = shared.Clone(clones)
	require.NoError(t, err)
	assert.True(t, shared.Shared())

	held := slices.Values([]*mbuf.Mbuf{shared, mine})
	missing, err := p.Missing(held)
	require.NoError(t, err)
	assert.ElementsMatch(t, []*mbuf.Mbuf{lost, lost.Next()}, missing)
	n, err := clones.Recover(held)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	assert.False(t, shared.Shared(), "the reference of the lost clone")
	n, err = p.Recover(held)
	require.NoError(t, err)
	assert.Equal(t, 2, n)

	shared.Free()
	mine.Free()
	for _, pool := range []*mbuf.Pool{p, clones} {
		require.True(t, pool.Full())
		pkts := make([]*mbuf.Mbuf, pool.Size())
		require.True(t, pool.AllocBulk(pkts))
		for _, m := range pkts {
			assert.NoError(t, m.Check(true))
			assert.Equal(t, 1, m.Refcount())
			assert.Equal(t, 1, m.NumSegments())
		}
		mbuf.FreeBulk(pkts)
		require.True(t, pool.Full())
	}
}

func TestRecoverOfAFreedPool(t *testing.T) {
	p, err := mbuf.CreatePool("freed", 10, mbuf.PoolConfig{})
	require.NoError(t, err)
	require.NoError(t, p.Free())
	_, err = p.Recover(nil)
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
}

func TestRecoverSparesPacketsInBatches(t *testing.T) {
	p := newPool(t, 100, mbuf.PoolConfig{})
	b, err := ring.NewBatch[*mbuf.Mbuf]("", 4)
	require.NoError(t, err)
	m := alloc(t, p)
	require.NoError(t, m.Chain(alloc(t, p)))
	b.Append(m)
	missing, err := p.Missing(nil)
	require.NoError(t, err)
	assert.Empty(t, missing, "the packet has two segments")
	require.NoError(t, b.Close())
	assert.True(t, p.Full())
}
