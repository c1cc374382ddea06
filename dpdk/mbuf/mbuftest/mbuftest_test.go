package mbuftest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

func forgetful(a *mbuftest.Tracer) *mbuf.Mbuf {
	m, _ := a.Alloc()
	return m
}

// recorder is a test that is expected to fail.
type recorder struct {
	testing.TB
	cleanups []func()
	errors   []any
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Error(a ...any)   { r.errors = append(r.errors, a...) }

func TestMissingNamesThePlacesOfAllocation(t *testing.T) {
	other, err := mempool.Create("objects", 15, 64, mempool.Config{})
	require.NoError(t, err)
	p, err := mbuf.CreatePool("leaky", 31, mbuf.PoolConfig{})
	require.NoError(t, err)
	c, err := p.NewCache(8)
	require.NoError(t, err)
	assert.NoError(t, mbuftest.Missing(p))
	assert.NoError(t, mbuftest.Leaks())
	o, ok := other.Get()
	require.True(t, ok)
	assert.NoError(t, mbuftest.Leaks(), "objects that are not mbufs")
	other.Put(o)

	r := &recorder{TB: t}
	mbuftest.CheckFull(r, p)
	require.Len(t, r.cleanups, 1)
	tracer := mbuftest.Trace(c)
	lost := []*mbuf.Mbuf{forgetful(tracer), forgetful(tracer)}
	more := make([]*mbuf.Mbuf, 3)
	require.True(t, tracer.AllocBulk(more))
	c.FreeBulk(more)
	c.Flush()
	for _, err := range []error{mbuftest.Missing(p), mbuftest.Leaks()} {
		require.Error(t, err)
		assert.Regexp(t, `^pool "leaky": 2 of 31 mbufs are missing\n\t2 allocated by \S*forgetful \(\S+mbuftest_test.go:\d+\) < `, err.Error())
	}
	r.cleanups[0]()
	assert.Len(t, r.errors, 1, "CheckFull did not fail the test")
	assert.Equal(t, 29, p.Available(), "the check took an mbuf")

	mbuf.FreeBulk(lost)
	assert.NoError(t, mbuftest.Missing(p))
	r.errors = nil
	r.cleanups[0]()
	assert.Empty(t, r.errors)
	require.NoError(t, c.Close())
	require.NoError(t, p.Free())
	require.NoError(t, other.Free())
}
