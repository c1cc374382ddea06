package mempool_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/test/harness"
)

// This test runs random operations on pools with all ops and on a model of them: the holder
// of each object.
func TestRandomOperationsAgainstAModel(t *testing.T) {
	rng := harness.Random(t)
	for _, ops := range []string{"ring_mp_mc", "ring_sp_sc", "ring_mp_sc", "ring_sp_mc", "ring_mt_rts", "ring_mt_hts", "stack", "lf_stack"} {
		for _, cached := range []bool{false, true} {
			t.Run(map[bool]string{false: ops, true: ops + " with caches"}[cached], func(t *testing.T) {
				count := 60 + rng.IntN(200)
				p := pool(t, count, 8*(1+rng.IntN(20)), mempool.Config{Ops: ops})
				var caches []*mempool.Cache
				if cached {
					caches = []*mempool.Cache{cache(t, p, 1+rng.IntN(8)), cache(t, p, 1+rng.IntN(30))}
				}
				var held []mempool.Object
				out := map[mempool.Object]bool{}
				same := func(got, want any, what string) {
					if got != want {
						t.Fatalf("%s: %v, want %v", what, got, want)
					}
				}
				took := func(objs ...mempool.Object) {
					for _, o := range objs {
						same(p.Owns(o) && !out[o], true, "a free object of the pool")
						out[o] = true
					}
					held = append(held, objs...)
				}
				inPool := func() int { // neither held nor in a cache
					n := count - len(held)
					for _, c := range caches {
						n -= c.Len()
					}
					return n
				}
				// give takes n of the held objects at random.
				give := func(n int) []mempool.Object {
					for i := range n {
						k := i + rng.IntN(len(held)-i)
						held[i], held[k] = held[k], held[i]
						delete(out, held[i])
					}
					objs := held[:n:n]
					held = held[n:]
					return objs
				}
				objs := make([]mempool.Object, count+1)
				for step := range 100_000 {
					var c *mempool.Cache
					if cached {
						c = caches[rng.IntN(2)]
					}
					n := min(rng.IntN(count+2), rng.IntN(40)+1)
					switch op := rng.IntN(10); {
					case op < 2 && c == nil || op == 0: // from the pool
						want := n <= inPool()
						same(p.GetBulk(objs[:n]), want, "get of several")
						if want {
							took(objs[:n]...)
						}
					case op == 1:
						want := inPool()+c.Len() > 0
						o, ok := c.Get()
						same(ok, want, "get")
						if ok {
							took(o)
						}
					case op < 5 && c != nil:
						want := n <= inPool()+c.Len()
						same(c.GetBulk(objs[:n]), want, "get of several")
						if want {
							took(objs[:n]...)
						}
					case op == 5 && c != nil:
						c.Flush()
						same(c.Len(), 0, "a flushed cache")
					case op < 5:
						want := inPool() > 0
						o, ok := p.Get()
						same(ok, want, "get")
						if ok {
							took(o)
						}
					case len(held) == 0:
					case op == 6 && c != nil:
						c.Put(give(1)[0])
					case op == 6:
						p.Put(give(1)[0])
					case op == 7 || c == nil:
						p.PutBulk(give(min(n, len(held))))
					default:
						c.PutBulk(give(min(n, len(held))))
					}
					if step%64 == 0 {
						same(p.Available(), inPool(), "Available")
						same(p.InUse(), count-inPool(), "InUse")
					}
				}
				p.PutBulk(held)
				for _, c := range caches {
					c.Flush()
				}
				assert.True(t, p.Full())
			})
		}
	}
}
