package mempool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/mempool"
)

func TestSmoke(t *testing.T) {
	for _, ops := range []string{"", "stack"} {
		p, err := mempool.Create("smoke", 100, 64, mempool.Config{CacheSize: 16, Ops: ops})
		require.NoError(t, err)
		c, err := p.NewCache(16)
		require.NoError(t, err)
		objs := make([]mempool.Object, 32)
		require.True(t, c.GetBulk(objs))
		c.PutBulk(objs)
		require.NoError(t, c.Free())
		require.True(t, p.Full())
		require.NoError(t, p.Free())
	}
}
