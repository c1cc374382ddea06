package mempool_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

var serial atomic.Int32

// name returns a name that no other test uses.
func name() string { return fmt.Sprint("pool", serial.Add(1)) }

// pool makes a pool. At the end of the test it checks that the pool is full, and frees it.
func pool(t testing.TB, count, elemSize int, cfg mempool.Config) *mempool.Pool {
	t.Helper()
	p, err := mempool.Create(name(), count, elemSize, cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.True(t, p.Full(), "%d of %d objects were leaked", p.InUse(), p.Size())
		assert.NoError(t, p.Audit())
		assert.NoError(t, p.Free())
	})
	return p
}

// cache makes a cache that is closed before the pool is checked.
func cache(t testing.TB, p *mempool.Pool, size int) *mempool.Cache {
	t.Helper()
	c, err := p.NewCache(size)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

// all takes all objects out of a pool, each once.
func all(t testing.TB, p *mempool.Pool) []mempool.Object {
	t.Helper()
	objs := make([]mempool.Object, p.Size())
	seen := map[mempool.Object]bool{}
	for i := range objs {
		o, ok := p.Get()
		require.True(t, ok, "object %d of %d", i, len(objs))
		require.False(t, seen[o], "got twice")
		seen[o] = true
		objs[i] = o
	}
	return objs
}
