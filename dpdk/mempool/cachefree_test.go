package mempool_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

// Free on one handle knows only the caches of that handle. Caches of another handle would
// use freed memory.
func TestPoolWithCachesOfAnotherHandleCannotBeFreed(t *testing.T) {
	p, err := mempool.Create("two handles", 64, 32, mempool.Config{})
	require.NoError(t, err)
	q, err := mempool.Lookup(p.Name())
	require.NoError(t, err)
	own, err := p.NewCache(8)
	require.NoError(t, err)
	c, err := q.NewCache(8)
	require.NoError(t, err)
	err = p.Free()
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.Contains(t, err.Error(), "another handle")
	require.NoError(t, c.Close())
	require.NoError(t, p.Free(), "its own caches are freed with it")
	require.NoError(t, own.Close(), "a second end does nothing")
}
