//go:build !race

// The race detector's own functions make an element's variable escape.

package ring_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ring"
)

func TestNoAllocations(t *testing.T) {
	forEachKind(t, allocations[e4], allocations[e8], allocations[e12], allocations[e16], allocations[e20], allocations[e64])
}

func allocations[T any](t *testing.T, cfg ring.Config) {
	r := create[T](t, 64, cfg)
	in, out := values[T](0, 8), make([]T, 8)
	for name, f := range map[string]func(){
		"Enqueue, Dequeue":                         func() { r.Enqueue(in[0]); r.Dequeue() },
		"EnqueueBulk, DequeueBulk":                 func() { r.EnqueueBulk(in); r.DequeueBulk(out) },
		"EnqueueBurst, DequeueBurst":               func() { r.EnqueueBurst(in); r.DequeueBurst(out) },
		"EnqueueBulkFree, DequeueBulkAvailable":    func() { r.EnqueueBulkFree(in); r.DequeueBulkAvailable(out) },
		"EnqueueBurstFree, DequeueBurstAvailable":  func() { r.EnqueueBurstFree(in); r.DequeueBurstAvailable(out) },
		"Dequeue of nothing":                       func() { r.Dequeue(); r.DequeueBulk(out); r.DequeueBurst(out) },
		"Len, FreeLen, Empty, Full":                func() { _, _, _, _ = r.Len(), r.FreeLen(), r.Empty(), r.Full() },
		"ReserveBurst, Commit, PeekBurst, Consume": func() { zeroCopy(r, 8) },
	} {
		assert.Zero(t, testing.AllocsPerRun(20, f), name)
		require.True(t, r.Empty(), name)
	}
}

// zeroCopy puts n elements through r in place, where its modes allow it.
func zeroCopy[T any](r *ring.Ring[T], n int) {
	s, err := r.ReserveBurst(n)
	if err != nil || r.Commit(s.Len()) != nil {
		return
	}
	p, err := r.PeekBurst(n)
	if err != nil {
		for range s.Len() {
			r.Dequeue()
		}
		return
	}
	_ = r.Consume(p.Len())
}
