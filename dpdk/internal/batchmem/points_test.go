//go:build linux && godpdk_debug

package batchmem_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/ring"
)

var points = []string{"after intent", "after head", "after reservation", "mid-copy", "before tail", "after tail", "at the end"}

// A process that stops at a named point of an enqueue or a dequeue of 8 elements.
var _ = ealtest.Role("stopper", func(args []string) error {
	prefix, name, side, point := args[0], args[1], args[2], args[3]
	if _, err := attach(prefix); err != nil {
		return err
	}
	r, err := ring.Lookup[uint64](name)
	if err != nil {
		return err
	}
	b, err := ring.NewBatch[uint64](name, 32)
	if err != nil {
		return err
	}
	ringcore.Point = func(at string) {
		if at == point {
			ealtest.Say("at the point")
			ealtest.Hear() // until it is killed
		}
	}
	if side == "enqueue" {
		b.Append(100, 101, 102, 103, 104, 105, 106, 107)
		r.EnqueueBatch(b)
	} else {
		r.DequeueBatch(b, 8)
	}
	return fmt.Errorf("the %s did not pass the point %q", side, point)
})

func TestAProcessKilledAtAnyPointLosesAndDoublesNothing(t *testing.T) {
	for i, mode := range modes {
		for _, side := range []string{"enqueue", "dequeue"} {
			for j, point := range points {
				t.Run(fmt.Sprintf("%v %s %s", mode, side, point), func(t *testing.T) {
					killAt(t, mode, side, point, "points"+strconv.Itoa(i)+side+strconv.Itoa(j))
				})
			}
		}
	}
}

func killAt(t *testing.T, mode ring.Sync, side, point, name string) {
	r, err := ring.Create[uint64](name, 16, ring.Config{Producer: mode, Consumer: mode})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Free()) }()
	require.Equal(t, 12, r.EnqueueBulk(make([]uint64, 12))) // the copy will wrap around
	require.Equal(t, 12, r.DequeueBulk(make([]uint64, 12)))
	want := []uint64{100, 101, 102, 103, 104, 105, 106, 107}
	if side == "enqueue" {
		require.Equal(t, 2, r.EnqueueBulk([]uint64{1, 2}))
		want = append([]uint64{1, 2}, want...)
	} else {
		require.Equal(t, 8, r.EnqueueBulk(want))
	}
	p := ealtest.Start(t, "stopper", ealtest.Runtime().FilePrefix(), name, side, point)
	p.Expect("at the point")
	p.Kill()

	b := claim(t, name, 32)
	held := slices.Clone(b.Elems())
	var found []uint64
	within(t, "the ring's consumers", func() { found = drain(r) })
	if side == "enqueue" {
		found = append(found, held...) // those that did not go in
	} else {
		found = append(held, found...) // those that came out
	}
	require.Equal(t, want, found, "in the batch: %d", len(held))
	b.Drop(b.Len())
	within(t, "the ring's users", func() {
		for range 3 { // both sides work, with all slots
			require.Equal(t, r.Capacity(), r.EnqueueBurst(make([]uint64, 32)))
			require.Len(t, drain(r), r.Capacity())
		}
	})
	require.NoError(t, b.Close())
}
