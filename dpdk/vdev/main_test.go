package vdev_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

var pools int

// newPool creates a pool. The test fails if the pool is not full when the ports are detached.
func newPool(t testing.TB, cfg mbuf.PoolConfig) *mbuf.Pool {
	t.Helper()
	pools++
	p, err := mbuf.CreatePool(fmt.Sprint("pool ", pools), 2047, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Free()) })
	mbuftest.CheckFull(t, p)
	return p
}

// open opens a port and detaches it when the test ends.
func open(t testing.TB, d vdev.Device, cfg ethdev.Config) *ethdev.Port {
	t.Helper()
	p, err := vdev.Open(d, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Detach()) })
	return p
}

// packet returns a packet of the bytes.
func packet(t testing.TB, pool *mbuf.Pool, bytes []byte) *mbuf.Mbuf {
	t.Helper()
	m, ok := pool.Alloc()
	require.True(t, ok)
	data, ok := m.Append(len(bytes))
	require.True(t, ok)
	copy(data, bytes)
	return m
}

// noPorts checks that no port is left.
func noPorts(t testing.TB) {
	t.Helper()
	all, err := ethdev.List()
	require.NoError(t, err)
	assert.Empty(t, all)
}
