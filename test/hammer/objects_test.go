//go:build linux

package hammer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/dpdk/ring"
)

var (
	rings shelf[ring.Ring[uint64]]
	pools shelf[mempool.Pool]
	mbufs shelf[mbuf.Pool]
	qsbrs shelf[rcu.QSBR]
	gone  = []error{dpdk.ErrNotFound}
	taken = []error{dpdk.ErrNotFound, dpdk.ErrExist}
	held  = []error{dpdk.ErrNotFound, dpdk.ErrBusy, syscall.EAGAIN} // EAGAIN: its maker is at it
)

func init() {
	ringCalls()
	mempoolCalls()
	mbufCalls()
	memzoneCalls()
	atEnd = append(atEnd, func(t *testing.T) {
		rings.empty(t, (*ring.Ring[uint64]).Free, gone...)
		pools.empty(t, (*mempool.Pool).Free, gone...)
		mbufs.empty(t, func(p *mbuf.Pool) error { return p.Free() }, gone...)
		qsbrs.empty(t, (*rcu.QSBR).Free, gone...)
		left, err := ring.List()
		assert.NoError(t, err)
		for _, r := range left {
			assert.False(t, strings.HasPrefix(r.Name, "hammer"), "ring %q is left", r.Name)
		}
		all, err := mempool.List()
		assert.NoError(t, err)
		assert.Empty(t, all)
	})
}

func ringCalls() {
	calls = append(calls,
		call{"ring.Create", func(r *rand.Rand) error {
			h, err := ring.Create[uint64](rings.name("hammer"), 64<<(r.IntN(2)*10), ring.Config{})
			if err != nil {
				return err
			}
			if old := rings.put(r, h); old != nil {
				return old.Free()
			}
			return nil
		}, gone},
		call{"ring.Lookup", rings.use(func(h *ring.Ring[uint64]) error {
			_, err := ring.Lookup[uint64](h.Name())
			return err
		}), gone},
		call{"ring.Free", rings.use((*ring.Ring[uint64]).Free), gone},
		call{"ring.Free of another handle", rings.use(func(h *ring.Ring[uint64]) error {
			other, err := ring.Lookup[uint64](h.Name())
			if err != nil {
				return err
			}
			return other.Free()
		}), gone},
		call{"ring.Dump", rings.use(func(h *ring.Ring[uint64]) error { _, err := h.Dump(); return err }), gone},
		call{"ring.List", func(*rand.Rand) error { _, err := ring.List(); return err }, nil},
	)
}

func mempoolCalls() {
	put := func(r *rand.Rand, p *mempool.Pool) error {
		if old := pools.put(r, p); old != nil {
			return old.Free()
		}
		return nil
	}
	calls = append(calls,
		call{"mempool.Create", func(r *rand.Rand) error {
			ops := []string{"", "stack", "ring_sp_sc", "ring_mt_hts"}[r.IntN(4)]
			p, err := mempool.Create(pools.name("pool"), 255, 64, mempool.Config{CacheSize: r.IntN(2) * 16, Ops: ops})
			if err != nil {
				return err
			}
			return put(r, p)
		}, gone},
		call{"mempool.CreateEmpty", func(r *rand.Rand) error {
			p, err := mempool.CreateEmpty(pools.name("pool"), 255, 64, mempool.Config{})
			if err != nil {
				return err
			}
			if err := p.SetOps("lf_stack"); err != nil {
				return err
			}
			if _, err = p.PopulateDefault(); err != nil {
				return err
			}
			return put(r, p)
		}, gone},
		call{"mempool.Lookup", pools.use(func(p *mempool.Pool) error { _, err := mempool.Lookup(p.Name()); return err }), gone},
		call{"mempool.Free", pools.use((*mempool.Pool).Free), gone},
		call{"mempool.Free of another handle", pools.use(func(p *mempool.Pool) error {
			other, err := mempool.Lookup(p.Name())
			if err != nil {
				return err
			}
			return other.Free()
		}), gone},
		call{"mempool.Available", pools.use(func(p *mempool.Pool) error {
			for _, n := range []int{p.Available(), p.InUse()} {
				if n < 0 || n > p.Size() {
					return fmt.Errorf("%d of %d objects", n, p.Size())
				}
			}
			p.Full()
			p.Empty()
			return nil
		}), nil},
		call{"mempool.Audit", pools.use((*mempool.Pool).Audit), gone},
		call{"mempool.Dump", pools.use(func(p *mempool.Pool) error { _, err := p.Dump(); return err }), gone},
		call{"mempool.Chunks", pools.use(func(p *mempool.Pool) error { _, err := p.Chunks(); return err }), gone},
		call{"mempool.Info", pools.use(func(p *mempool.Pool) error { _, err := p.Info(); return err }), gone},
		call{"mempool.All", pools.use(func(p *mempool.Pool) error {
			for range p.All() {
			}
			return nil
		}), nil},
		call{"mempool.List", func(*rand.Rand) error { _, err := mempool.List(); return err }, nil},
		call{"mempool.Ops", func(*rand.Rand) error { _, err := mempool.Ops(); return err }, nil},
	)
}

func mbufCalls() {
	calls = append(calls,
		call{"mbuf.CreatePool", func(r *rand.Rand) error {
			p, err := mbuf.CreatePool(mbufs.name("mbufs"), 255, mbuf.PoolConfig{CacheSize: r.IntN(2) * 16})
			if err != nil {
				return err
			}
			if old := mbufs.put(r, p); old != nil {
				return old.Free()
			}
			return nil
		}, gone},
		call{"mbuf.LookupPool", mbufs.use(func(p *mbuf.Pool) error { _, err := mbuf.LookupPool(p.Name()); return err }), gone},
		call{"mbuf.Info", mbufs.use(func(p *mbuf.Pool) error { _, err := p.Info(); return err }), gone},
		call{"mbuf.List", func(*rand.Rand) error { _, err := mbuf.List(); return err }, nil},
		call{"mbuf.Free", mbufs.use(func(p *mbuf.Pool) error { return p.Free() }), gone},
		call{"mbuf.RegisterField", func(r *rand.Rand) error {
			_, err := mbuf.RegisterField[uint32](fmt.Sprint("field ", r.IntN(2)), mbuf.FieldConfig{})
			return err
		}, nil},
		call{"mbuf.LookupField", func(r *rand.Rand) error {
			_, err := mbuf.LookupField[uint32](fmt.Sprint("field ", r.IntN(2)))
			return err
		}, gone},
		call{"mbuf.RegisterFlag", func(r *rand.Rand) error {
			_, err := mbuf.RegisterFlag(fmt.Sprint("flag ", r.IntN(2)), mbuf.FlagConfig{})
			return err
		}, nil},
		call{"mbuf.LookupFlag", func(r *rand.Rand) error {
			_, err := mbuf.LookupFlag(fmt.Sprint("flag ", r.IntN(2)))
			return err
		}, gone},
		call{"mbuf.RxTimestamp", func(*rand.Rand) error { _, err := mbuf.RxTimestamp(); return err }, nil},
	)
}

func memzoneCalls() {
	name := func(r *rand.Rand) string { return fmt.Sprint("zone ", r.IntN(8)) }
	calls = append(calls,
		call{"memzone.Reserve", func(r *rand.Rand) error {
			z, err := memzone.Reserve(name(r), 64<<r.IntN(12), memzone.Config{})
			if err != nil {
				return err
			}
			return z.Free()
		}, taken},
		call{"memzone.Lookup", func(r *rand.Rand) error {
			want := name(r)
			z, err := memzone.Lookup(want)
			if err == nil && z.Name() != want {
				return fmt.Errorf("%q is %q", want, z.Name())
			}
			return err
		}, gone},
		call{"memzone.List", func(*rand.Rand) error { _, err := memzone.List(); return err }, nil},
		call{"rcu.Create", func(r *rand.Rand) error {
			q, err := rcu.Create(qsbrs.name("rcu"), 64<<r.IntN(10), rcu.Config{})
			if err != nil {
				return err
			}
			if old := qsbrs.put(r, q); old != nil {
				return old.Free()
			}
			return nil
		}, held},
		call{"rcu.Lookup", qsbrs.use(func(q *rcu.QSBR) error { _, err := rcu.Lookup(q.Name()); return err }), held},
		call{"rcu.Free", qsbrs.use((*rcu.QSBR).Free), held},
		call{"rcu.Register", qsbrs.use(func(q *rcu.QSBR) error {
			reader, err := q.RegisterAny()
			if err != nil {
				return err
			}
			return reader.Unregister()
		}), held},
		call{"rcu.Readers", qsbrs.use(func(q *rcu.QSBR) error { q.NumReaders(); _, err := q.Readers(); return err }), held},
		call{"rcu.Dump", qsbrs.use(func(q *rcu.QSBR) error { _, err := q.Dump(); return err }), held},
	)
}
