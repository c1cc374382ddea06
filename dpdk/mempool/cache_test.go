package mempool_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// impl is one way to get and put: with Go, or with rte_mempool_generic_get and
// rte_mempool_generic_put. c is nil for no cache.
type impl struct {
	name string
	get  func(p *mempool.Pool, c *mempool.Cache, objs []mempool.Object) bool
	put  func(p *mempool.Pool, c *mempool.Cache, objs []mempool.Object)
}

var native = impl{"go",
	func(p *mempool.Pool, c *mempool.Cache, objs []mempool.Object) (ok bool) {
		switch {
		case c == nil && len(objs) == 1:
			objs[0], ok = p.Get()
			return ok
		case c == nil:
			return p.GetBulk(objs)
		case len(objs) == 1:
			objs[0], ok = c.Get()
			return ok
		}
		return c.GetBulk(objs)
	},
	func(p *mempool.Pool, c *mempool.Cache, objs []mempool.Object) {
		switch {
		case c == nil && len(objs) == 1:
			p.Put(objs[0])
		case c == nil:
			p.PutBulk(objs)
		case len(objs) == 1:
			c.Put(objs[0])
		default:
			c.PutBulk(objs)
		}
	},
}

var inC = impl{"c",
	func(p *mempool.Pool, c *mempool.Cache, objs []mempool.Object) bool {
		return cgo.MempoolGet(p.Pointer(), mempool.Memory(c), words(objs), uint32(len(objs)))
	},
	func(p *mempool.Pool, c *mempool.Cache, objs []mempool.Object) {
		cgo.MempoolPut(p.Pointer(), mempool.Memory(c), words(objs), uint32(len(objs)))
	},
}

func words(objs []mempool.Object) unsafe.Pointer { return unsafe.Pointer(&objs[0]) }

// mixed uses Go and C on the same cache at random.
func mixed(seed uint64) impl {
	rng := rand.New(rand.NewPCG(seed, 5))
	pick := func() impl { return []impl{native, inC}[rng.IntN(2)] }
	return impl{"turns",
		func(p *mempool.Pool, c *mempool.Cache, objs []mempool.Object) bool { return pick().get(p, c, objs) },
		func(p *mempool.Pool, c *mempool.Cache, objs []mempool.Object) { pick().put(p, c, objs) },
	}
}

// script runs a seeded series of gets and puts on a new pool. It describes each step by the
// result, the objects in their order (by index), and the contents of the cache.
func script(t *testing.T, ops string, size, cacheSize int, seed uint64, use impl) (steps []string) {
	p := pool(t, size, 64, mempool.Config{Ops: ops})
	index := map[mempool.Object]int{}
	for i, o := range p.All() {
		index[o] = i
	}
	indices := func(objs []mempool.Object) []int {
		list := make([]int, len(objs))
		for i, o := range objs {
			n, ok := index[o]
			require.True(t, ok, "an object of the pool")
			list[i] = n
		}
		return list
	}
	var c *mempool.Cache
	if cacheSize != 0 {
		var err error
		c, err = p.NewCache(cacheSize)
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
	}
	rng := rand.New(rand.NewPCG(seed, uint64(size)))
	var held []mempool.Object
	for range harness.Size(400, 150) {
		n := 1 + rng.IntN(1+size/2)
		switch rng.IntN(4) {
		case 0:
			n = 1
		case 1, 2:
			n = 1 + rng.IntN(2*max(cacheSize, 8))
		}
		var step string
		if rng.IntN(2) == 0 {
			objs := make([]mempool.Object, n)
			if ok := use.get(p, c, objs); ok {
				step = fmt.Sprint("get ", indices(objs))
				held = append(held, objs...)
			} else {
				step = fmt.Sprintf("get %d fails", n)
			}
		} else if n = min(n, len(held)); n > 0 {
			at := rng.IntN(len(held) - n + 1)
			step = fmt.Sprint("put ", indices(held[at:at+n]))
			use.put(p, c, held[at:at+n])
			held = append(held[:at:at], held[at+n:]...)
		}
		if c != nil {
			step += fmt.Sprint(" cache ", indices(mempool.Contents(c)))
		}
		steps = append(steps, fmt.Sprint(step, " available ", p.Available()))
	}
	if len(held) > 0 {
		use.put(p, c, held)
	}
	return steps
}

func TestGoAndCGetAndPutAlike(t *testing.T) {
	for _, ops := range []string{"ring_mp_mc", "ring_sp_sc", "ring_mt_rts", "ring_mt_hts", "stack", "lf_stack"} {
		for _, shape := range []struct{ size, cache int }{{63, 0}, {64, 1}, {64, 2}, {100, 32}, {100, 66}, {500, 7}, {800, 512}, {1200, 256}} {
			t.Run(fmt.Sprintf("%s of %d, cache %d", ops, shape.size, shape.cache), func(t *testing.T) {
				for seed := range harness.Size[uint64](2, 1) {
					want := script(t, ops, shape.size, shape.cache, seed, inC)
					for _, use := range []impl{native, mixed(seed)} {
						got := script(t, ops, shape.size, shape.cache, seed, use)
						for i := range want {
							require.Equal(t, want[i], got[i], "seed %d, step %d, %s", seed, i, use.name)
						}
					}
				}
			})
		}
	}
}

func TestFailedBulkGetTakesNothing(t *testing.T) {
	for _, ops := range []string{"ring_mp_mc", "stack"} {
		p := pool(t, 100, 64, mempool.Config{Ops: ops})
		c := cache(t, p, 16)
		o, ok := c.Get()
		require.True(t, ok)
		before := mempool.Contents(c)
		require.Len(t, before, 16)
		for _, n := range []int{100, 101, 117, 600, 5000} {
			assert.False(t, c.GetBulk(make([]mempool.Object, n)), "%d of 99", n)
			assert.Equal(t, before, mempool.Contents(c))
			assert.Equal(t, 83, p.Available())
		}
		objs := make([]mempool.Object, 99)
		assert.True(t, c.GetBulk(objs), "but all that are left, yes")
		assert.Zero(t, c.Len())
		c.PutBulk(objs)
		c.Put(o)
	}
}

func TestCacheRefillsAndFlushes(t *testing.T) {
	p := pool(t, 200, 64, mempool.Config{})
	c := cache(t, p, 32)
	assert.Equal(t, 32, c.Size())
	assert.Zero(t, c.Len())
	assert.Same(t, p, c.Pool())

	objs := make([]mempool.Object, 8)
	require.True(t, c.GetBulk(objs))
	assert.Equal(t, 32, c.Len(), "a refill leaves its size")
	assert.Equal(t, 160, p.Available(), "the cache's count as in use")
	again := make([]mempool.Object, 8)
	c.PutBulk(objs)
	require.True(t, c.GetBulk(again))
	for i := range again {
		assert.Equal(t, objs[7-i], again[i], "last in, first out")
	}
	c.PutBulk(again)
	more := make([]mempool.Object, 8)
	require.True(t, p.GetBulk(more))
	c.PutBulk(more)
	assert.Equal(t, 48, c.Len(), "as many as 1.5 times its size")
	require.True(t, p.GetBulk(more[:1]))
	c.Put(more[0])
	assert.Equal(t, 1, c.Len(), "one more flushes the others")
	c.Flush()
	assert.Zero(t, c.Len())
	assert.True(t, p.Full())
	c.Flush()
	assert.Zero(t, c.Len())
}

func TestNewCacheRefusesBadSizes(t *testing.T) {
	p := pool(t, 100, 64, mempool.Config{})
	for _, size := range []int{0, -1, 513, 68, 1<<32 + 1} {
		c, err := p.NewCache(size)
		assert.ErrorIs(t, err, dpdk.ErrInvalid, size)
		assert.Nil(t, c)
	}
	cache(t, p, 67) // as many as 100.5 objects, rounded down
	_, err := p.NewCache(68)
	assert.ErrorContains(t, err, "at most 67")
	for _, lcore := range []int{-1, 0, cgo.MaxLcore} {
		_, err := p.LcoreCache(lcore)
		assert.ErrorIs(t, err, dpdk.ErrInvalid)
	}
	_, err = p.LcoreCache(0)
	assert.ErrorContains(t, err, "CacheSize")
}

func TestClosedCacheDoesNothing(t *testing.T) {
	p := pool(t, 100, 64, mempool.Config{})
	c, err := p.NewCache(16)
	require.NoError(t, err)
	o, ok := c.Get()
	require.True(t, ok)
	c.Put(o)
	require.NoError(t, c.Close())
	assert.True(t, p.Full(), "Close flushes")
	assert.NoError(t, c.Close(), "a second Close does nothing")
	_, ok = c.Get()
	assert.False(t, ok)
	assert.False(t, c.GetBulk(make([]mempool.Object, 5)))
	o, ok = p.Get()
	require.True(t, ok)
	c.Put(o)
	assert.Zero(t, c.Len())
	p.Put(o)
	c.Flush()
	assert.Equal(t, 100, p.Available())
}

func TestLcoreCacheIsTheOneThatCUses(t *testing.T) {
	p := pool(t, 200, 64, mempool.Config{CacheSize: 16})
	for _, lcore := range []int{0, 5, cgo.MaxLcore - 1} {
		c, err := p.LcoreCache(lcore)
		require.NoError(t, err)
		same, err := p.LcoreCache(lcore)
		require.NoError(t, err)
		assert.Same(t, c, same)
		assert.Equal(t, 16, c.Size())
		objs := make([]mempool.Object, 4)
		require.True(t, c.GetBulk(objs))
		assert.Equal(t, 16, c.Len())
		assert.Equal(t, 196, p.Available(), "an lcore's cache counts as available")
		raw := unsafe.Add(cgo.MempoolDescribe(p.Pointer()).Caches, lcore*cgo.MempoolCacheSizeof)
		cgo.MempoolPut(p.Pointer(), raw, words(objs), 4)
		assert.Equal(t, 20, c.Len(), "C's put is seen")
		assert.ErrorIs(t, c.Close(), dpdk.ErrInvalid, "it is part of the pool")
		c.Flush()
		assert.Zero(t, c.Len())
	}
	assert.Nil(t, p.DefaultCache(), "a goroutine is not an lcore")
}

func TestGoroutinesShareAPoolThroughCaches(t *testing.T) {
	const workers = 8
	for _, ops := range []string{"ring_mp_mc", "ring_mt_rts", "ring_mt_hts", "stack"} {
		t.Run(ops, func(t *testing.T) {
			p := pool(t, 1023, 64, mempool.Config{Ops: ops})
			rounds := 3000
			if mempool.Debug {
				rounds = 200
			}
			var wg sync.WaitGroup
			for id := range workers {
				c, err := p.NewCache(32)
				require.NoError(t, err)
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(id), 9))
					var held []mempool.Object
					for range rounds {
						n := 1 + rng.IntN(40)
						switch rng.IntN(3) {
						case 0:
							if objs := make([]mempool.Object, n); len(held) < 100 && c.GetBulk(objs) {
								for _, o := range objs {
									w := (*[2]uintptr)(o.Pointer())
									*w = [2]uintptr{uintptr(id), uintptr(o.Pointer())}
								}
								held = append(held, objs...)
							}
						case 1:
							n = min(n, len(held))
							for _, o := range held[:n] {
								w := (*[2]uintptr)(o.Pointer())
								if *w != [2]uintptr{uintptr(id), uintptr(o.Pointer())} {
									t.Errorf("another goroutine had the object: %v", *w)
								}
							}
							c.PutBulk(held[:n])
							held = held[n:]
						case 2:
							if o, ok := p.Get(); ok {
								*(*[2]uintptr)(o.Pointer()) = [2]uintptr{uintptr(id), uintptr(o.Pointer())}
								runtime.Gosched()
								if (*[2]uintptr)(o.Pointer())[0] != uintptr(id) {
									t.Error("another goroutine had the object")
								}
								p.Put(o)
							}
						}
					}
					c.PutBulk(held)
					c.Flush()
				})
			}
			wg.Wait()
			assert.True(t, p.Full())
			p.PutBulk(all(t, p)) // each object once
		})
	}
}

func TestGetAndPutDoNotAllocate(t *testing.T) {
	if mempool.Debug || mempool.Race {
		return // these builds allocate
	}
	for _, ops := range []string{"ring_mp_mc", "stack"} {
		p := pool(t, 200, 64, mempool.Config{Ops: ops})
		c := cache(t, p, 16)
		objs := make([]mempool.Object, 32)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			c.GetBulk(objs) // past the cache, both ways
			c.PutBulk(objs)
			o, _ := c.Get()
			c.Put(o)
			p.GetBulk(objs)
			p.PutBulk(objs)
			o, _ = p.Get()
			p.Put(o)
			c.Flush()
			var local [4]mempool.Object
			c.GetBulk(local[:])
			c.PutBulk(local[:])
			p.GetBulk(local[:])
			p.PutBulk(local[:])
		}), ops)
	}
}

func TestGetOfMoreThanACacheCanHoldGoesPastIt(t *testing.T) {
	p := pool(t, 3000, 64, mempool.Config{})
	for _, use := range []impl{native, inC} {
		c := cache(t, p, 256)
		objs := make([]mempool.Object, 1024)
		for _, tc := range []struct{ n, left int }{{512, 256}, {513, 0}, {700, 0}, {1024, 0}} {
			require.True(t, use.get(p, c, objs[:tc.n]))
			assert.Equal(t, tc.left, c.Len(), "%s: %d on an empty cache", use.name, tc.n)
			p.PutBulk(objs[:tc.n])
			c.Flush()
		}
	}
}

func TestOpsChooseTheModeOfTheRing(t *testing.T) {
	for ops, want := range map[string][2]ring.Sync{
		"ring_mp_mc":  {ring.Multi, ring.Multi},
		"ring_sp_sc":  {ring.Single, ring.Single},
		"ring_mp_sc":  {ring.Multi, ring.Single},
		"ring_sp_mc":  {ring.Single, ring.Multi},
		"ring_mt_rts": {ring.RTS, ring.RTS},
		"ring_mt_hts": {ring.HTS, ring.HTS},
	} {
		for _, single := range []bool{false, true} { // the mode that the ring is made for
			p := pool(t, 10, 64, mempool.Config{Ops: ops, SingleProducer: single, SingleConsumer: single})
			put, get := mempool.Modes(p)
			assert.Equal(t, want, [2]ring.Sync{ring.Sync(put), ring.Sync(get)}, ops)
		}
	}
}
