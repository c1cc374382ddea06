package ethdev_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// The port would receive into freed memory.
func TestPoolOfAPortCannotBeFreed(t *testing.T) {
	pool, other := newPool(t), newPool(t)
	again, err := mbuf.LookupPool(pool.Name())
	require.NoError(t, err)
	p, err := ethdev.Open("net_null_user", ethdev.Config{Pool: pool})
	require.NoError(t, err)
	busy := func(p *mbuf.Pool, msg string) {
		t.Helper()
		err := p.Free()
		require.ErrorIs(t, err, dpdk.ErrBusy, msg)
		assert.Contains(t, err.Error(), "net_null_user", msg)
		assert.NotNil(t, p.Pointer(), msg)
		_, err = p.Recover(nil) // the driver has mbufs that nobody can list
		require.ErrorIs(t, err, dpdk.ErrBusy, msg)
	}
	busy(pool, "started")
	busy(again, "by another handle")
	require.NoError(t, p.Stop())
	busy(pool, "stopped: Start would do")
	require.Error(t, p.Configure(ethdev.Config{Pool: other, RxQueues: 3000}))
	busy(pool, "as configured before")

	require.NoError(t, p.Configure(ethdev.Config{RxQueues: 1, RxEach: []ethdev.RxQueueConfig{{Pool: other}}}))
	busy(other, "of one queue")
	free, err := mbuf.CreatePool("a pool for now", 63, mbuf.PoolConfig{})
	require.NoError(t, err)
	require.NoError(t, p.Configure(ethdev.Config{Pool: free}))
	busy(free, "the newest")
	require.NoError(t, p.Configure(ethdev.Config{Pool: other}))
	require.NoError(t, free.Free(), "a pool that was replaced")
	require.NoError(t, p.Detach()) // and the test's end frees the rest
}

// Bursts then give 0 for ever, and no counter of the driver counts it.
func TestEmptyPoolReturnsErrNoBuffers(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(""), ethdev.Config{Pool: pool})
	rx := p.RxQueue(0)
	require.NoError(t, rx.Err())
	all := make([]*mbuf.Mbuf, pool.Size())
	require.True(t, pool.AllocBulk(all))
	var pkts [32]*mbuf.Mbuf
	for _, tc := range []struct {
		name string
		free int
		says string
	}{
		{"empty", 0, "is empty: all its 2047 mbufs"},
		{"less than a burst", 20, "only 20 of its 2047 mbufs: net_null"},
	} {
		mbuf.FreeBulk(all[:tc.free])
		all = all[tc.free:]
		require.Zero(t, rx.Burst(pkts[:]), tc.name)
		err := rx.Err()
		require.ErrorIs(t, err, syscall.ENOBUFS, tc.name)
		assert.Contains(t, err.Error(), pool.Name(), tc.name)
		assert.Contains(t, err.Error(), tc.says, tc.name)
		assert.NoError(t, p.TxQueue(0).Err(), tc.name)
	}
	mbuf.FreeBulk(all)
	require.NoError(t, rx.Err())
	require.Equal(t, 32, rx.Burst(pkts[:]))
	mbuf.FreeBulk(pkts[:])
}
