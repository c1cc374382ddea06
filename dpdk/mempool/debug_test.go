//go:build godpdk_debug

package mempool_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/mempool"
)

// caught runs f, which must panic, and returns the text of the panic.
func caught(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() {
		t.Helper()
		var ok bool
		text, ok = recover().(string)
		require.True(t, ok, "no panic")
		assert.Contains(t, text, "debug_test.go", "the caller")
		assert.Contains(t, text, "mempool_test.", "the caller")
	}()
	f()
	return ""
}

func TestDebugBuildCatchesBadPuts(t *testing.T) {
	p := pool(t, 100, 64, mempool.Config{CacheSize: 16})
	other := pool(t, 10, 64, mempool.Config{})
	c, d := cache(t, p, 16), cache(t, p, 16)
	l, err := p.LcoreCache(2)
	require.NoError(t, err)
	foreign, _ := other.Get()
	defer other.Put(foreign)
	objs := make([]mempool.Object, 4)
	require.True(t, p.GetBulk(objs))

	for name, put := range map[string]func(...mempool.Object){
		"pool":  func(o ...mempool.Object) { p.PutBulk(o) },
		"cache": func(o ...mempool.Object) { c.PutBulk(o) },
	} {
		assert.Contains(t, caught(t, func() { put(objs[0], foreign) }), "is not of this pool", name)
		assert.Contains(t, caught(t, func() { put(mempool.Object{}) }), "is nil", name)
		assert.Contains(t, caught(t, func() { put(objs[0], objs[1], objs[0]) }), "twice at once", name)
		var local int
		stray := *(*mempool.Object)(unsafe.Pointer(&[]*int{&local}[0]))
		assert.Contains(t, caught(t, func() { put(stray) }), "is not of this pool", name)

		p.Put(objs[0])
		assert.Contains(t, caught(t, func() { put(objs[0]) }), "put before: it is in the pool", name)
		assert.Contains(t, caught(t, func() { put(objs[1], objs[0]) }), "put before: it is in the pool", name)
		require.True(t, p.GetBulk(objs[:1]))

		c.Put(objs[0])
		assert.Contains(t, caught(t, func() { put(objs[0]) }), "put before", name)
		objs[0], _ = c.Get()
		d.Put(objs[0])
		assert.Contains(t, caught(t, func() { put(objs[0]) }), "another goroutine's cache", name)
		objs[0], _ = d.Get()
		l.Put(objs[0])
		assert.Contains(t, caught(t, func() { put(objs[0]) }), "lcore 2", name)
		objs[0], _ = l.Get()
	}
	p.PutBulk(objs)
	c.Flush()
	d.Flush()
	l.Flush()
}

func TestDebugBuildFindsDoublePutsInEveryStore(t *testing.T) {
	for _, ops := range []string{"ring_mp_mc", "ring_sp_sc", "ring_mt_rts", "ring_mt_hts", "stack", "lf_stack"} {
		p := pool(t, 10, 64, mempool.Config{Ops: ops})
		for range 50 { // around the ring
			o, ok := p.Get()
			require.True(t, ok)
			p.Put(o)
			caught(t, func() { p.Put(o) })
		}
	}
}
