//go:build godpdk_debug

package mbuf_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
)

// caught runs f, which must panic, and returns the text of the panic.
func caught(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() {
		text, _ = recover().(string)
		require.NotEmpty(t, text, "not caught")
	}()
	f()
	return ""
}

func freeFirst(m *mbuf.Mbuf)                      { m.Free() }
func freeFirstCached(c *mbuf.Cache, m *mbuf.Mbuf) { c.Free(m) }
func freeAgain(m *mbuf.Mbuf)                      { m.Free() }

func TestDoubleFreePanics(t *testing.T) {
	p := newPool(t, 63, mbuf.PoolConfig{})
	c := newCache(t, p, 16)
	first := map[string]func(m *mbuf.Mbuf){
		"Free": freeFirst, "Cache.Free": func(m *mbuf.Mbuf) { freeFirstCached(c, m) },
		"FreeBulk":       func(m *mbuf.Mbuf) { mbuf.FreeBulk([]*mbuf.Mbuf{m}) },
		"Cache.FreeBulk": func(m *mbuf.Mbuf) { c.FreeBulk([]*mbuf.Mbuf{m}) },
		"FreeSegment":    func(m *mbuf.Mbuf) { m.FreeSegment() },
	}
	for name1, one := range first {
		for name2, two := range first {
			t.Run(name1+" then "+name2, func(t *testing.T) {
				m, ok := c.Alloc()
				require.True(t, ok)
				one(m)
				text := caught(t, func() { two(m) })
				assert.Contains(t, text, "double free")
				assert.Regexp(t, `by github.com\S+mbuf_test\.\S+ \(\S+debug_test.go:\d+\).*it was freed by github.com\S+mbuf_test\.`, text)
			})
		}
	}
	m, ok := p.Alloc()
	require.True(t, ok)
	freeFirst(m)
	text := caught(t, func() { freeAgain(m) })
	assert.Regexp(t, `double free .*freeAgain.* it was freed by \S*freeFirst`, text)

	pair := packet(t, p, "a")
	text = caught(t, func() { c.FreeBulk([]*mbuf.Mbuf{pair, pair}) })
	assert.Contains(t, text, "double free", "twice in one bulk")
	cgo.MbufFree(raw(pair)) // the panic happened after the mark and before the cache
}

func TestUseAfterFreePanics(t *testing.T) {
	p := newPool(t, 63, mbuf.PoolConfig{})
	c := newCache(t, p, 16)
	for name, use := range map[string]func(*mbuf.Mbuf){
		"Data": func(m *mbuf.Mbuf) { m.Data() }, "Len": func(m *mbuf.Mbuf) { m.Len() }, "Append": func(m *mbuf.Mbuf) { m.Append(1) },
		"Clone": func(m *mbuf.Mbuf) { _, _ = m.Clone(p) }, "SetPort": func(m *mbuf.Mbuf) { m.SetPort(1) }, "Read": func(m *mbuf.Mbuf) { m.Read(0, 0, nil) },
		"Reader": func(m *mbuf.Mbuf) { m.Reader() }, "Chain": func(m *mbuf.Mbuf) { _ = m.Chain(m) }, "Next": func(m *mbuf.Mbuf) { m.Next() },
	} {
		m, ok := c.Alloc()
		require.True(t, ok)
		c.Free(m)
		text := caught(t, func() { use(m) })
		assert.Contains(t, text, "use after free: Mbuf."+name)
		assert.Contains(t, text, "debug_test.go")
	}
}

// Every allocation removes the mark, by Go or C.
func TestReallocatedMbufsMayBeUsed(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	all := make([]*mbuf.Mbuf, 4)
	require.True(t, p.AllocBulk(all))
	mbuf.FreeBulk(all)
	require.True(t, cgo.MbufAllocBulk(p.Pointer(), nil, pointer(all), 4), "in C")
	for _, m := range all {
		assert.Zero(t, m.Len())
		assert.Empty(t, m.Data())
	}
	mbuf.FreeBulk(all)
}

// Freeing the last clone frees the mbuf with the buffer, which gets a mark as well.
func TestOwnerFreedByItsLastClone(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := packet(t, p, "x")
	clone, err := m.Clone(p)
	require.NoError(t, err)
	m.Free()
	assert.Equal(t, "x", string(clone.Data()))
	clone.Free()
	assert.Contains(t, caught(t, func() { m.Data() }), "use after free")
}

func TestPanicNamesTheProcessThatFreed(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := packet(t, p, "x")
	require.True(t, cgo.MbufFreeDebug(raw(m), uint32(os.Getpid()+1)))
	assert.Regexp(t, `it was freed by process \d+`, caught(t, func() { m.Data() }))
}

func forget(c *mbuf.Cache) *mbuf.Mbuf {
	m, _ := c.Alloc()
	return m
}

func TestLeakNamesThePlaceOfAllocation(t *testing.T) {
	p := newPool(t, 63, mbuf.PoolConfig{})
	c := newCache(t, p, 8)
	m := forget(c)
	c.Flush()
	err := mbuftest.Missing(p)
	require.Error(t, err)
	assert.Regexp(t, `1 of 63 mbufs are missing\n\t1 allocated by \S*mbuf_test.forget \(\S+debug_test.go:\d+\)`, err.Error())
	m.Free()
	assert.NoError(t, mbuftest.Missing(p))
}
