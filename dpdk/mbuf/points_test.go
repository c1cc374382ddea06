//go:build linux && amd64 && godpdk_debug && !race && !purego

package mbuf_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/internal/lfstack"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// user is a secondary with a cache of 16 and a batch.
func user(prefix, pool string) (*eal.Runtime, *mbuf.Cache, *ring.Batch[*mbuf.Mbuf], error) {
	cfg := ealtest.Secondary(prefix, 0)
	cfg.Lcores = ""
	rt, err := eal.Init(cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	p, err := mbuf.LookupPool(pool)
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := p.NewCache(16)
	if err != nil {
		return nil, nil, nil, err
	}
	b, err := ring.NewBatch[*mbuf.Mbuf]("", 64)
	return rt, c, b, err
}

// A process that stops at a named point of an operation of its cache.
var _ = harness.Role("stops in a cache", func(args []string) error {
	_, c, b, err := user(args[0], args[1])
	if err != nil {
		return err
	}
	op, point := args[2], args[3]
	switch op { // then the cache, which holds 24, has 16
	case "put":
		c.AllocBatch(b, 5)
	case "get", "flush", "refill with some":
		c.AllocBatch(b, 30)
	}
	lfstack.Point = func(at string) {
		if at == point {
			harness.Say("at the point")
			harness.Hear() // until it is killed
		}
	}
	switch op {
	case "get":
		c.AllocBatch(b, 5)
	case "put", "flush":
		c.FreeBatch(b)
	default:
		c.AllocBatch(b, 30)
	}
	return fmt.Errorf("%s did not reach the point %q", op, point)
})

// A process that refills and flushes its cache at each line, and ends in order.
var _ = harness.Role("neighbour", func(args []string) error {
	rt, c, b, err := user(args[0], args[1])
	if err != nil {
		return err
	}
	harness.Say("ready")
	for harness.Hear() == "work" {
		for range 10 {
			if !c.AllocBatch(b, 30) {
				return errors.New("no packets")
			}
			c.FreeBatch(b)
		}
		harness.Say("worked")
	}
	return errors.Join(b.Close(), c.Close(), rt.Close())
})

// No mbuf is lost, none is twice, and no sweep is needed.
func TestAProcessKilledInACacheLosesNothing(t *testing.T) {
	p := newPool(t, 200, mbuf.PoolConfig{})
	neighbour := harness.Start(t, "neighbour", ealtest.Runtime().FilePrefix(), p.Name())
	neighbour.Expect("ready")
	steps := []string{"begun", "before reserve", "after reserve", "before unlink", "after unlink", "before link", "after link", "before count", "after count"}
	for _, c := range []struct {
		op     string
		points []string
	}{
		{"get", []string{"got"}},
		{"put", []string{"put"}},
		{"refill", append(steps, "filled")},
		{"refill with some", []string{"after unlink", "after link", "filled"}},
		{"flush", steps},
	} {
		for _, point := range c.points {
			for _, busy := range harness.Size([]bool{false, true}, []bool{true}) {
				t.Run(fmt.Sprintf("%s, %s, busy %v", c.op, point, busy), func(t *testing.T) {
					victim := harness.Start(t, "stops in a cache", ealtest.Runtime().FilePrefix(), p.Name(), c.op, point)
					victim.Expect("at the point")
					if busy {
						neighbour.Send("work")
						neighbour.Expect("worked")
						m := alloc(t, p)
						m.Free()
					}
					victim.Kill()
					fullAgain(t, p)
				})
			}
		}
	}
	neighbour.Send("end")
	neighbour.Wait()
	newcomer := harness.Start(t, "neighbour", ealtest.Runtime().FilePrefix(), p.Name())
	newcomer.Expect("ready")
	newcomer.Send("work")
	newcomer.Expect("worked")
	newcomer.Send("end")
	newcomer.Wait()
}

// fullAgain fails unless all mbufs of the pool are in it or in the cache of the neighbour, each once.
func fullAgain(t *testing.T, p *mbuf.Pool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := ealtest.Runtime().Recover(ctx)
	require.NoError(t, err)
	missing, err := p.Missing(nil)
	require.NoError(t, err)
	require.Zero(t, len(missing), "missing mbufs")
	all := make([]*mbuf.Mbuf, p.Available())
	require.GreaterOrEqual(t, len(all), p.Size()-24, "the neighbour's cache holds up to 24")
	require.True(t, p.AllocBulk(all))
	distinct := map[*mbuf.Mbuf]bool{}
	for _, m := range all {
		distinct[m] = true
	}
	require.Len(t, distinct, len(all))
	mbuf.FreeBulk(all)
	require.Equal(t, len(all), p.Available())
}
