//go:build linux

package batchmem_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// A worker moves elements from one ring to another, through a batch that it may have inherited. It
// stops when it hears a line.
var _ = ealtest.Role("worker", func(args []string) error {
	rt, err := attach(args[0])
	if err != nil {
		return err
	}
	from, err := ring.Lookup[uint64](args[1])
	if err != nil {
		return err
	}
	to, err := ring.Lookup[uint64](args[2])
	if err != nil {
		return err
	}
	b, err := ring.NewBatch[uint64](args[3], 32)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	go func() { ealtest.Hear(); close(stop) }()
	ealtest.Say("works")
	for {
		select {
		case <-stop:
			if err := b.Leave(); err != nil {
				return err
			}
			return rt.Close()
		default:
			for range 1000 {
				from.DequeueBatch(b, 1+int(b.Len()*7+3)%29)
				to.EnqueueBatch(b)
			}
		}
	}
})

func TestStormOfKilledWorkersLosesAndDoublesNothing(t *testing.T) {
	for _, mode := range modes[1:] {
		t.Run(mode.String(), func(t *testing.T) { storm(t, mode, harness.Kills(25, 6)) })
	}
}

func storm(t *testing.T, mode ring.Sync, kills int) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	defer func() { t.Logf("storm %v: seed %d, %d processes killed", mode, seed, kills) }()

	const elements = 200
	var rings [2]*ring.Ring[uint64]
	for i := range rings {
		r, err := ring.Create[uint64](fmt.Sprintf("storm_%v_%d", mode, i), 256, ring.Config{Producer: mode, Consumer: mode})
		require.NoError(t, err)
		rings[i] = r
		defer func() { require.NoError(t, r.Free()) }()
	}
	for i := range uint64(elements) {
		require.True(t, rings[i%2].Enqueue(i))
	}
	const workers = 3
	var running [workers]*ealtest.Process
	name := func(i int) string { return fmt.Sprintf("storm_%v_worker%d", mode, i) }
	start := func(i int) {
		running[i] = ealtest.Start(t, "worker", ealtest.Runtime().FilePrefix(), rings[i%2].Name(), rings[1-i%2].Name(), name(i))
	}
	for i := range workers {
		start(i)
	}
	for _, p := range running {
		p.Expect("works")
	}
	for range kills {
		victim := random.IntN(workers)
		time.Sleep(time.Duration(random.IntN(2000)) * time.Microsecond) // the random moment
		running[victim].Kill()
		start(victim)
		running[victim].Expect("works")
	}
	for _, p := range running {
		p.Send("stop")
		p.Wait()
	}
	var found []uint64
	for i := range workers {
		b := claim(t, name(i), 32)
		found = append(found, b.Elems()...)
		b.Drop(b.Len())
		require.NoError(t, b.Close())
	}
	for _, r := range rings {
		within(t, "the ring", func() { found = append(found, drain(r)...) })
	}
	slices.Sort(found)
	want := make([]uint64, elements)
	for i := range want {
		want[i] = uint64(i)
	}
	require.Equal(t, want, found)
}
