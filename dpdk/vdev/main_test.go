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

// newPool is a pool that must be full again when the ports that use it are gone.
func newPool(t testing.TB, cfg mbuf.PoolConfig) *mbuf.Pool {
	t.Helper()
	pools++
	p, err := mbuf.CreatePool(fmt.Sprint("pool ", pools), 2047, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Free()) })
	mbuftest.CheckFull(t, p)
	return p
}

// open is a started port, detached at the test's end.
func open(t testing.TB, d vdev.Device, cfg ethdev.Config) *ethdev.Port {
	t.Helper()
	p, err := vdev.Open(d, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Detach()) })
	return p
}

// packet is a packet of the bytes.
func packet(t testing.TB, pool *mbuf.Pool, bytes []byte) *mbuf.Mbuf {
	t.Helper()
	m, ok := pool.Alloc()
	require.True(t, ok)
	data, ok := m.Append(len(bytes))
	require.True(t, ok)
	copy(data, bytes)
	return m
}

// noPort checks that a failed Open left nothing.
func noPorts(t testing.TB) {
	t.Helper()
	all, err := ethdev.List()
	require.NoError(t, err)
	assert.Empty(t, all)
}
