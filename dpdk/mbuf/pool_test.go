package mbuf_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/test/harness"
)

func TestCreatePoolUsesItsConfig(t *testing.T) {
	p := newPool(t, 64, mbuf.PoolConfig{DataRoom: 1000, PrivateSize: 24, CacheSize: 16, Ops: "stack"})
	assert.Equal(t, 64, p.Size())
	assert.Equal(t, 1000, p.DataRoom())
	assert.Equal(t, 24, p.PrivateSize())
	assert.Equal(t, 16, p.CacheSize())
	assert.Equal(t, "stack", p.OpsName())
	assert.True(t, p.Full())
	assert.Contains(t, p.String(), "64 mbufs")

	again, err := mbuf.LookupPool(p.Name())
	require.NoError(t, err)
	assert.Equal(t, 1000, again.DataRoom())
	assert.Equal(t, 24, again.PrivateSize())

	_, err = mbuf.CreatePool(p.Name(), 64, mbuf.PoolConfig{})
	assert.ErrorIs(t, err, dpdk.ErrExist)
}

func TestListAndInfoDescribePoolsOfMbufs(t *testing.T) {
	longest := strings.Repeat("x", mbuf.MaxName)
	p, err := mbuf.CreatePool(longest, 64, mbuf.PoolConfig{DataRoom: 1000, PrivateSize: 24, CacheSize: 16, Ops: "ring_mp_mc"})
	require.NoError(t, err)
	other, err := mempool.Create("objects", 16, 128, mempool.Config{})
	require.NoError(t, err)
	m := alloc(t, p)
	want := mbuf.Info{Name: longest, Ops: "ring_mp_mc", Size: 64, Available: 63, CacheSize: 16, DataRoom: 1000, PrivateSize: 24}
	i, err := p.Info()
	require.NoError(t, err)
	assert.Equal(t, want, i)
	all, err := mbuf.List()
	require.NoError(t, err)
	assert.Contains(t, all, want)
	for _, i := range all {
		assert.NotEqual(t, "objects", i.Name)
	}
	m.Free()
	require.NoError(t, other.Free())
	require.NoError(t, p.Free())
	_, err = p.Info()
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
}

func TestZeroPoolConfigIsDPDKsDefault(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	assert.Equal(t, 2048+128, p.DataRoom())
	m := alloc(t, p)
	defer m.Free()
	assert.Equal(t, 128, m.Headroom())
	assert.Equal(t, 2048, m.Tailroom())
}

// A pool needs more than EAL may take, however much the machine has free.
var _ = harness.Role("poor", func([]string) error {
	cfg := harness.Config(0)
	cfg.Extra = append(cfg.Extra, "--socket-limit=64")
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	if _, err := mbuf.CreatePool("p", 1<<16, mbuf.PoolConfig{}); !errors.Is(err, dpdk.ErrNoMemory) {
		return fmt.Errorf("of more than the memory: %v", err)
	}
	if _, err := mbuf.LookupPool("p"); !errors.Is(err, dpdk.ErrNotFound) {
		return fmt.Errorf("something was left: %v", err)
	}
	p, err := mbuf.CreatePool("p", 1<<14, mbuf.PoolConfig{}) // of most of the memory
	if err != nil {
		return err
	}
	return errors.Join(p.Free(), rt.Close())
})

func TestCreatePoolOfMoreThanTheMemoryLeavesNothing(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	harness.Start(t, "poor").Wait()
}

func TestCreatePoolRefusesBadArguments(t *testing.T) {
	for _, tc := range []struct {
		name, pool string
		count      int
		cfg        mbuf.PoolConfig
		want       error
		says       string
	}{
		{"no name", "", 16, mbuf.PoolConfig{}, dpdk.ErrInvalid, "empty"},
		{"a NUL in the name", "a\x00b", 16, mbuf.PoolConfig{}, dpdk.ErrInvalid, "NUL"},
		{"a long name", strings.Repeat("x", 25), 16, mbuf.PoolConfig{}, dpdk.ErrNameTooLong, "at most 24"},
		{"count 0", "p", 0, mbuf.PoolConfig{}, dpdk.ErrInvalid, "count is 0"},
		{"a negative count", "p", -1, mbuf.PoolConfig{}, dpdk.ErrInvalid, "count is -1"},
		{"a count that C would cut", "p", 1<<32 + 16, mbuf.PoolConfig{}, dpdk.ErrInvalid, "count"},
		{"a private size that C would cut to 64", "p", 16, mbuf.PoolConfig{PrivateSize: 65600}, dpdk.ErrInvalid, "65600: use at most 65528"},
		{"a private size that is not a multiple of 8", "p", 16, mbuf.PoolConfig{PrivateSize: 12}, dpdk.ErrInvalid, "multiple of 8"},
		{"a negative private size", "p", 16, mbuf.PoolConfig{PrivateSize: -8}, dpdk.ErrInvalid, "PrivateSize is -8"},
		{"a data room that C would cut to 1", "p", 16, mbuf.PoolConfig{DataRoom: 65537}, dpdk.ErrInvalid, "at most 65535"},
		{"a negative data room", "p", 16, mbuf.PoolConfig{DataRoom: -2}, dpdk.ErrInvalid, "DataRoom is -2"},
		{"a cache as large as the pool", "p", 16, mbuf.PoolConfig{CacheSize: 12}, dpdk.ErrInvalid, "two thirds"},
		{"too large a cache", "p", 4096, mbuf.PoolConfig{CacheSize: 513}, dpdk.ErrInvalid, "at most 512"},
		{"a negative cache", "p", 16, mbuf.PoolConfig{CacheSize: -1}, dpdk.ErrInvalid, "CacheSize is -1"},
		{"unknown ops", "p", 16, mbuf.PoolConfig{Ops: "nosuch"}, dpdk.ErrInvalid, ""},
		{"a name of ops that C would cut", "p", 16, mbuf.PoolConfig{Ops: "ring_mp_mc" + strings.Repeat(" ", 60)}, dpdk.ErrInvalid, "Ops"},
		{"a negative socket", "p", 16, mbuf.PoolConfig{Socket: dpdk.Socket(-3)}, dpdk.ErrInvalid, "socket"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := mbuf.CreatePool(tc.pool, tc.count, tc.cfg)
			require.ErrorIs(t, err, tc.want)
			assert.Contains(t, err.Error(), tc.says)
			if tc.pool == "p" {
				_, err = mbuf.LookupPool(tc.pool)
				assert.ErrorIs(t, err, dpdk.ErrNotFound, "something was left")
			}
		})
	}
}

func TestLookupPoolRefusesOtherMempools(t *testing.T) {
	_, err := mbuf.LookupPool("nosuch")
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	for _, private := range []int{0, 64} {
		p, err := mempool.Create("objects", 16, 128, mempool.Config{PrivateSize: private})
		require.NoError(t, err)
		_, err = mbuf.LookupPool("objects")
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.Contains(t, err.Error(), "objects, not mbufs")
		assert.NoError(t, p.Free())
	}
}

// A pool of 128 mbufs allocates 128 and no more. Clone fails as well.
func TestExhaustedPoolAllocatesNothing(t *testing.T) {
	p := newPool(t, 128, mbuf.PoolConfig{})
	var all []*mbuf.Mbuf
	for range 128 {
		m, ok := p.Alloc()
		require.True(t, ok)
		all = append(all, m)
	}
	assert.True(t, p.Empty())
	_, ok := p.Alloc()
	assert.False(t, ok)
	_, err := all[0].Clone(p)
	assert.ErrorIs(t, err, mbuf.ErrNoMbufs)
	assert.ErrorIs(t, err, dpdk.ErrNoMemory)
	require.True(t, all[0].AppendBytes([]byte("x")))
	_, err = all[0].Copy(p)
	assert.ErrorIs(t, err, mbuf.ErrNoMbufs)
	assert.Equal(t, 1, all[0].Refcount())
	mbuf.FreeBulk(all)
	assert.True(t, p.Full())
}

func TestBulkAllocIsAllOrNothing(t *testing.T) {
	p := newPool(t, 63, mbuf.PoolConfig{})
	c := newCache(t, p, 8)
	for _, a := range []struct {
		name  string
		alloc mbuf.Allocator
	}{{"pool", p}, {"cache", c}} {
		t.Run(a.name, func(t *testing.T) {
			many := make([]*mbuf.Mbuf, 64)
			assert.False(t, a.alloc.AllocBulk(many), "64 of 63")
			c.Flush()
			assert.True(t, p.Full(), "some were taken")
			assert.True(t, a.alloc.AllocBulk(many[:60]))
			assert.False(t, a.alloc.AllocBulk(make([]*mbuf.Mbuf, 4)), "4 of 3")
			rest := make([]*mbuf.Mbuf, 3)
			assert.True(t, a.alloc.AllocBulk(rest))
			c.FreeBulk(many[:60])
			mbuf.FreeBulk(rest)
			assert.True(t, a.alloc.AllocBulk(nil))
			assert.True(t, a.alloc.AllocBulk([]*mbuf.Mbuf{}))
			c.Flush()
			assert.True(t, p.Full())
		})
	}
}

func TestFreeOfNilIsANoOp(t *testing.T) {
	p := newPool(t, 63, mbuf.PoolConfig{})
	c := newCache(t, p, 8)
	var none *mbuf.Mbuf
	none.Free()
	none.FreeSegment()
	c.Free(nil)
	c.FreeBulk(nil)
	c.FreeBulk([]*mbuf.Mbuf{nil, nil})
	mbuf.FreeBulk(nil)
	mbuf.FreeBulk([]*mbuf.Mbuf{nil, nil})
	pkts := make([]*mbuf.Mbuf, 5)
	require.True(t, c.AllocBulk(pkts[1:4]))
	c.FreeBulk(pkts)
	require.True(t, c.AllocBulk(pkts[1:4]))
	mbuf.FreeBulk(pkts)
	assert.Equal(t, "no mbuf", none.String())
}

// The packets come from two pools, and include chains, clones and nil.
func TestFreeBulkReturnsEachMbufToItsPool(t *testing.T) {
	free := map[string]func(*mbuf.Cache, []*mbuf.Mbuf){
		"FreeBulk":       func(_ *mbuf.Cache, pkts []*mbuf.Mbuf) { mbuf.FreeBulk(pkts) },
		"Cache.FreeBulk": func(c *mbuf.Cache, pkts []*mbuf.Mbuf) { c.FreeBulk(pkts) },
		"Cache.Free": func(c *mbuf.Cache, pkts []*mbuf.Mbuf) {
			for _, m := range pkts {
				c.Free(m)
			}
		},
		"Free": func(_ *mbuf.Cache, pkts []*mbuf.Mbuf) {
			for _, m := range pkts {
				m.Free()
			}
		},
	}
	for name, free := range free {
		t.Run(name, func(t *testing.T) {
			a, b := newPool(t, 127, mbuf.PoolConfig{}), newPool(t, 127, mbuf.PoolConfig{DataRoom: 500, PrivateSize: 16})
			c := newCache(t, a, 16)
			for range 20 {
				simple := make([]*mbuf.Mbuf, 6)
				require.True(t, c.AllocBulk(simple))
				chain := packet(t, a, "one", "two")
				mixed := packet(t, a, "one")
				require.NoError(t, mixed.Chain(packet(t, b, "two", "three")))
				clone, err := chain.Clone(b)
				require.NoError(t, err)
				free(c, []*mbuf.Mbuf{simple[0], packet(t, b, "b"), nil, simple[1], simple[2], chain, simple[3], mixed, clone, simple[4], simple[5]})
			}
			c.Flush()
			assert.True(t, a.Full())
			assert.True(t, b.Full())
		})
	}
}

func TestCacheReusesFreedMbufs(t *testing.T) {
	p := newPool(t, 127, mbuf.PoolConfig{})
	c := newCache(t, p, 16)
	assert.Equal(t, 16, c.Size())
	assert.Same(t, p, c.Pool())
	m, ok := c.Alloc()
	require.True(t, ok)
	assert.NotZero(t, c.Len())
	n := c.Len()
	c.Free(m)
	assert.Equal(t, n+1, c.Len())
	again, ok := c.Alloc()
	require.True(t, ok)
	assert.Same(t, m, again, "the last one freed comes first")
	again.Free()
	assert.Equal(t, n, c.Len(), "Mbuf.Free goes to the pool")
	c.Flush()
	assert.Zero(t, c.Len())
	assert.True(t, p.Full())
}

func TestClosedCacheAllocatesNothing(t *testing.T) {
	p := newPool(t, 127, mbuf.PoolConfig{})
	c, err := p.NewCache(16)
	require.NoError(t, err)
	m, ok := c.Alloc()
	require.True(t, ok)
	require.NoError(t, c.Close())
	_, ok = c.Alloc()
	assert.False(t, ok)
	c.Free(m)
	assert.True(t, p.Full(), "an mbuf freed into a closed cache goes to its pool")
	assert.NoError(t, c.Close(), "a second Close does nothing")
	for _, size := range []int{0, -1, 513, 100, math.MaxInt} {
		_, err := p.NewCache(size)
		assert.ErrorIs(t, err, dpdk.ErrInvalid, size)
	}
}

func TestFreedPoolAllocatesNothing(t *testing.T) {
	p, err := mbuf.CreatePool("freed", 16, mbuf.PoolConfig{})
	require.NoError(t, err)
	c, err := p.NewCache(4)
	require.NoError(t, err)
	require.NoError(t, p.Free())
	_, ok := p.Alloc()
	assert.False(t, ok)
	_, ok = c.Alloc()
	assert.False(t, ok)
	assert.ErrorIs(t, p.Free(), dpdk.ErrNotFound)
	other := newPool(t, 16, mbuf.PoolConfig{})
	m := alloc(t, other)
	defer m.Free()
	_, err = m.Clone(p)
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
}

// Goroutines with their own caches exchange packets and clones. All counts are exact at the
// end.
func TestGoroutinesShareAPoolThroughCaches(t *testing.T) {
	const workers, rounds = 6, 3000
	// More threads than CPUs: see PoolConfig.Ops.
	p := newPool(t, 2047, mbuf.PoolConfig{CacheSize: 32, Ops: "lf_stack"})
	shared := packet(t, p, "shared by all")
	// Each worker has a reference, so the count is never 1 while others clone.
	_, err := shared.AddRefcount(workers)
	require.NoError(t, err)
	ch := make(chan *mbuf.Mbuf, 64)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c, err := p.NewCache(32)
			if !assert.NoError(t, err) {
				return
			}
			defer func() {
				c.Free(shared)
				assert.NoError(t, c.Close())
			}()
			pkts := make([]*mbuf.Mbuf, 16)
			for i := range rounds {
				n := 1 + (i+w)%len(pkts)
				if !c.AllocBulk(pkts[:n]) {
					continue
				}
				for k, m := range pkts[:n] {
					b, ok := m.Append(8)
					if !assert.True(t, ok) || !assert.Equal(t, 8, m.Len()) {
						return
					}
					b[0] = byte(k)
				}
				if clone, err := shared.Clone(p); err == nil {
					c.Free(clone)
				}
				select {
				case ch <- pkts[0]:
					pkts[0] = nil
				default:
				}
				select {
				case m := <-ch:
					c.Free(m)
				default:
				}
				c.FreeBulk(pkts[:n])
			}
		}()
	}
	wg.Wait()
	close(ch)
	for m := range ch {
		m.Free()
	}
	assert.Equal(t, 1, shared.Refcount())
	assert.Equal(t, p.Size()-1, p.Available())
	shared.Free()
}
