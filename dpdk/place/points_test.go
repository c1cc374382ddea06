//go:build godpdk_debug

package place_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/internal/places"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/place"
)

// A worker that claims a place and leaves it, and stops when it has reached a point for the nth time.
var _ = ealtest.Role("stopper", func(args []string) error {
	name, point := args[1], args[2]
	n, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	if _, err := attach(args[0]); err != nil {
		return err
	}
	places.Point = func(at string) {
		if at == point {
			if n--; n == 0 {
				ealtest.Say("at the point")
				ealtest.Hear() // until it is killed
			}
		}
	}
	w, err := start(place.TakeOver, name)
	if err != nil {
		return err
	}
	if err := w.p.Leave(); err != nil {
		return err
	}
	return fmt.Errorf("it did not pass the point %q", point)
})

// worker has a place with two batches, of which one has packets, and a cache.
type worker struct {
	p       *place.Place
	numbers []uint64
	packets int
	cache   *mbuf.Cache
}

func start(claim func(context.Context, string, place.Parts) (*place.Place, error), name string) (w worker, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if w.p, err = claim(ctx, name, place.Parts{Consumes: []string{name}}); err != nil {
		return w, err
	}
	numbers, err := place.NewBatch[uint64](w.p, "numbers", 8)
	if err != nil {
		return w, err
	}
	packets, err := place.NewBatch[*mbuf.Mbuf](w.p, "packets", 32)
	if err != nil {
		return w, err
	}
	pool, err := mbuf.LookupPool("points")
	if err != nil {
		return w, err
	}
	if w.cache, err = w.p.NewCache(pool, 32); err != nil {
		return w, err
	}
	if numbers.Len() == 0 { // the first worker
		numbers.Append(1, 2, 3)
		w.cache.AllocBatch(packets, 8)
	}
	w.numbers, w.packets = numbers.Elems(), packets.Len()
	return w, nil
}

func TestAPlaceGoesOnAfterAKillAtAnyPoint(t *testing.T) {
	pool, err := mbuf.CreatePool("points", 255, mbuf.PoolConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, pool.Free()) }()
	for i, at := range []struct {
		point string
		times int // in a claim and a leave
	}{
		{"before the claim", 1}, {"after the claim", 1}, {"after a batch", 2}, {"before the end", 1},
		{"after the end of a batch or cache", 3}, {"after the end", 1}, {"while it waits", 1},
	} {
		for n := range at.times {
			t.Run(fmt.Sprint(at.point, " ", n+1), func(t *testing.T) {
				name := fmt.Sprintf("point %d %d", i, n)
				w, err := start(place.Claim, name)
				require.NoError(t, err)
				waits := at.point == "while it waits"
				if !waits {
					require.NoError(t, w.p.Leave())
				}
				p := ealtest.Start(t, "stopper", prefix(), name, at.point, fmt.Sprint(n+1))
				p.Expect("at the point")
				require.Equal(t, waits, w.p.Wanted())
				p.Kill()
				if waits {
					require.Eventually(t, func() bool { return !w.p.Wanted() }, 20*time.Second, time.Millisecond)
					require.NoError(t, w.p.Leave())
				}
				w, err = start(place.Claim, name)
				require.NoError(t, err)
				require.Equal(t, []uint64{1, 2, 3}, w.numbers)
				require.Equal(t, 8, w.packets)
				require.NoError(t, w.p.Close())
				_, err = ealtest.Runtime().Recover(t.Context())
				require.NoError(t, err)
				require.Equal(t, pool.Size(), pool.Available())
			})
		}
	}
}
