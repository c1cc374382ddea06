package mbuf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// A batch may need more than a cache has room for, and the last packets of a pool.
func TestAllocBatchTakesAllOrNone(t *testing.T) {
	pool, err := mbuf.CreatePool("alloc_batch", 1500, mbuf.PoolConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, pool.Free()) }()
	cache, err := pool.NewCache(128)
	require.NoError(t, err)
	b, err := ring.NewBatch[*mbuf.Mbuf]("", 2000)
	require.NoError(t, err)
	for _, n := range []int{600, 1500, 1499, 1} {
		require.True(t, cache.AllocBatch(b, n), n)
		require.Equal(t, n, b.Len())
		distinct := map[*mbuf.Mbuf]bool{}
		for _, m := range b.Elems() {
			distinct[m] = true
		}
		require.Len(t, distinct, n)
		require.False(t, cache.AllocBatch(b, 1501-n), "the pool has too few")
		require.Equal(t, n, b.Len())
		cache.FreeBatch(b)
		require.Zero(t, b.Len())
		require.Equal(t, pool.Size(), pool.Available()+cache.Len())
	}
	require.NoError(t, b.Close())
	require.NoError(t, cache.Close())
}
