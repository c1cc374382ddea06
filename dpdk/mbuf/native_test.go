//go:build !godpdk_debug

package mbuf_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/test/twin"
)

// These tests compare the Go code with C, byte by byte.

// cachedPool is a pool with two caches of the same size, one used by Go and one by C.
type cachedPool struct {
	pool  *mbuf.Pool
	cache *mbuf.Cache    // Go
	craw  unsafe.Pointer // C
	index map[*mbuf.Mbuf]int
}

func newCachedPool(t *testing.T, cfg mbuf.PoolConfig) *cachedPool {
	w := &cachedPool{pool: newPool(t, 255, cfg), index: map[*mbuf.Mbuf]int{}}
	w.cache = newCache(t, w.pool, 32)
	raw, errno := cgo.MempoolCacheCreate(32, -1)
	require.Zero(t, errno)
	t.Cleanup(func() {
		cgo.MempoolFlush(w.pool.Pointer(), raw)
		cgo.MempoolCacheFree(raw)
	})
	w.craw = raw
	objects, err := mempool.Lookup(w.pool.Name())
	require.NoError(t, err)
	for i, o := range objects.All() {
		w.index[(*mbuf.Mbuf)(o.Pointer())] = i
	}
	return w
}

func (w *cachedPool) cacheLen() uint32 { return *(*uint32)(unsafe.Add(w.craw, cgo.MempoolCacheLen)) }

// cached returns the mbufs in C's cache by their indices in the pool.
func (w *cachedPool) cached() (places []int) {
	for i := range w.cacheLen() {
		m := *(**mbuf.Mbuf)(unsafe.Add(w.craw, cgo.MempoolCacheObjs+8*uintptr(i)))
		places = append(places, w.index[m])
	}
	return places
}

// image returns the bytes of an mbuf without its addresses, which differ between two pools.
func image(m *mbuf.Mbuf) string {
	b := bits(m)
	clear(b[cgo.MbufBufAddr : cgo.MbufBufAddr+16])
	clear(b[cgo.MbufPool : cgo.MbufPool+8])
	return fmt.Sprintf("%x", b)
}

// Two equal pools get the same requests, one in Go and one in C. Every allocated mbuf is
// overwritten in the same way. All 128 bytes of all mbufs must stay equal, and the caches
// must hold the same mbufs in the same order.
func TestGoAndCLeaveTheSameBytes(t *testing.T) {
	for name, cfg := range map[string]mbuf.PoolConfig{
		"default": {}, "private area": {PrivateSize: 64}, "less room than the headroom": {DataRoom: 100}, "stack": {Ops: "stack"},
	} {
		t.Run(name, func(t *testing.T) {
			inGo, inC := newCachedPool(t, cfg), newCachedPool(t, cfg)
			rng := rand.New(rand.NewPCG(1, 2))
			var heldGo, heldC []*mbuf.Mbuf
			for step := range 3000 {
				if rng.IntN(2) == 0 {
					n := rng.IntN(50)
					g, c := make([]*mbuf.Mbuf, n), make([]*mbuf.Mbuf, n)
					okGo := inGo.cache.AllocBulk(g)
					okC := n == 0 || cgo.MbufAllocBulk(inC.pool.Pointer(), inC.craw, pointer(c), uint32(n))
					require.Equal(t, okC, okGo, "step %d: alloc %d", step, n)
					if !okGo {
						continue
					}
					for i := range g {
						require.Equal(t, image(c[i]), image(g[i]), "step %d", step)
						require.Equal(t, inC.index[c[i]], inGo.index[g[i]], "step %d: another mbuf", step)
						dirty(rng.Uint64(), g[i], c[i])
					}
					heldGo, heldC = append(heldGo, g...), append(heldC, c...)
				} else {
					n := min(rng.IntN(50), len(heldGo))
					if n == 0 {
						continue
					}
					if n == 1 {
						inGo.cache.Free(heldGo[0])
					} else {
						inGo.cache.FreeBulk(heldGo[:n])
					}
					cgo.MbufFreeBulk(inC.pool.Pointer(), inC.craw, pointer(heldC), uint32(n))
					for i := range n {
						require.Equal(t, image(heldC[i]), image(heldGo[i]), "step %d: after the free", step)
					}
					heldGo, heldC = heldGo[n:], heldC[n:]
				}
				require.EqualValues(t, inC.cacheLen(), inGo.cache.Len(), "step %d: the caches", step)
			}
			inGo.cache.FreeBulk(heldGo)
			for ; len(heldC) > 50; heldC = heldC[50:] {
				cgo.MbufFreeBulk(inC.pool.Pointer(), inC.craw, pointer(heldC), 50)
			}
			cgo.MbufFreeBulk(inC.pool.Pointer(), inC.craw, pointer(heldC), uint32(len(heldC)))
		})
	}
}

// dirty writes all fields that an owner may write.
func dirty(seed uint64, mbufs ...*mbuf.Mbuf) {
	for _, m := range mbufs {
		rng := rand.New(rand.NewPCG(seed, 3))
		m.Append(rng.IntN(60))
		m.Adj(rng.IntN(20))
		m.SetFlags(mbuf.OffloadFlags(rng.Uint64()))
		m.SetPacketType(mbuf.PacketType(rng.Uint32()))
		m.SetPort(uint16(rng.Uint32()))
		m.SetVLAN(uint16(rng.Uint32()))
		m.SetOuterVLAN(uint16(rng.Uint32()))
		m.SetRSSHash(rng.Uint32())
		_ = m.SetTxOffload(mbuf.TxOffload{L2Len: rng.IntN(128), L4Len: rng.IntN(256), SegmentSize: rng.IntN(65536)})
		set(m, cgo.MbufTimesync, 2, rng.Uint64())
		set(m, cgo.MbufTimesync+2, 8, rng.Uint64()) // a dynamic field
	}
}

// This test compares Append, Prepend, Adj and Trim with C, on chains, in random order.
func TestGoAndCAddAndRemoveBytesAlike(t *testing.T) {
	p := newPool(t, 31, mbuf.PoolConfig{DataRoom: 300})
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		segs := make([]string, 1+rng.IntN(3))
		for i := range segs {
			segs[i] = string(make([]byte, rng.IntN(100)))
		}
		g, c := packet(t, p, segs...), packet(t, p, segs...)
		for range 50 {
			n := rng.IntN(120)
			var ok bool
			op := "+<>-"[rng.IntN(4)]
			switch op {
			case '+':
				_, ok = g.Append(n)
			case '<':
				_, ok = g.Prepend(n)
			case '>':
				ok = g.Adj(n)
			case '-':
				ok = g.Trim(n)
			}
			require.Equal(t, twin.MbufRoom(raw(c), op, uint16(n)) >= 0, ok, "%c %d", op, n)
			for sg, sc := g, c; sg != nil; sg, sc = sg.Next(), sc.Next() {
				a, b := bits(sg), bits(sc)
				clear(a[cgo.MbufNext : cgo.MbufNext+8])
				clear(b[cgo.MbufNext : cgo.MbufNext+8])
				restored := func(x [cgo.MbufSizeof]byte) string { clear(x[:16]); return fmt.Sprintf("%x", x) }
				require.Equal(t, restored(b), restored(a), "%c %d", op, n)
			}
		}
		mbuf.FreeBulk([]*mbuf.Mbuf{g, c})
	}
}

// Go empties a cache that C filled in the same order as C.
func TestGoEmptiesACacheThatCFilled(t *testing.T) {
	w := newCachedPool(t, mbuf.PoolConfig{CacheSize: 32})
	pkts := make([]*mbuf.Mbuf, 8)
	require.True(t, cgo.MbufAllocBulk(w.pool.Pointer(), w.craw, pointer(pkts), 8))
	w.cache.FreeBulk(pkts)
	require.True(t, w.cache.AllocBulk(pkts))
	cgo.MbufFreeBulk(w.pool.Pointer(), w.craw, pointer(pkts), 8)
	places := w.cached()
	require.GreaterOrEqual(t, len(places), 8)
	assert.Equal(t, w.index[pkts[7]], places[len(places)-1])
	for _, m := range pkts {
		require.NoError(t, m.Check(true))
	}
}
