package mbuf_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

var pools int

// newPool makes a pool. It must be full again at the end of the test.
func newPool(t testing.TB, count int, cfg mbuf.PoolConfig) *mbuf.Pool {
	t.Helper()
	pools++
	p, err := mbuf.CreatePool(fmt.Sprintf("pool %d", pools), count, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Free()) })
	mbuftest.CheckFull(t, p)
	return p
}

func newCache(t testing.TB, p *mbuf.Pool, size int) *mbuf.Cache {
	t.Helper()
	c, err := p.NewCache(size)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

// alloc takes an mbuf. The test must free it.
func alloc(t testing.TB, p *mbuf.Pool) *mbuf.Mbuf {
	t.Helper()
	m, ok := p.Alloc()
	require.True(t, ok)
	return m
}

// packet makes a packet with these bytes in its segments.
func packet(t testing.TB, p *mbuf.Pool, segments ...string) *mbuf.Mbuf {
	t.Helper()
	var head *mbuf.Mbuf
	for _, s := range segments {
		m := alloc(t, p)
		require.True(t, m.AppendBytes([]byte(s)))
		if head == nil {
			head = m
		} else {
			require.NoError(t, head.Chain(m))
		}
	}
	return head
}

// content returns the bytes of a packet.
func content(t testing.TB, m *mbuf.Mbuf) string {
	t.Helper()
	b := make([]byte, m.Len())
	require.True(t, m.CopyTo(b, 0))
	return string(b)
}
