package ring_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ring"
)

var twoStep = []ring.Sync{ring.Single, ring.HTS}

// forEachTwoStep runs a test for every element size and pair of modes that have
// zero-copy calls.
func forEachTwoStep(t *testing.T, fs ...func(*testing.T, ring.Config)) {
	for i, f := range fs {
		for _, p := range twoStep {
			for _, c := range twoStep {
				t.Run(fmt.Sprintf("type %d, %v to %v", i, p, c), func(t *testing.T) {
					f(t, ring.Config{Producer: p, Consumer: c})
				})
			}
		}
	}
}

func TestZeroCopyMovesElementsInOrderAcrossTheWrap(t *testing.T) {
	forEachTwoStep(t, zeroCopyOrder[e4], zeroCopyOrder[e8], zeroCopyOrder[e12], zeroCopyOrder[e16], zeroCopyOrder[e20], zeroCopyOrder[e64])
}

func zeroCopyOrder[T any](t *testing.T, cfg ring.Config) {
	r := create[T](t, 16, cfg)
	in, out, wraps := 0, 0, 0
	for round := range 40 {
		n := 1 + round%15
		reserve, peek := r.ReserveBulk, r.PeekBulk
		if round%2 == 1 {
			reserve, peek = r.ReserveBurst, r.PeekBurst
		}
		s, err := reserve(n)
		require.NoError(t, err)
		require.Equal(t, n, s.Len())
		if len(s.Second) > 0 {
			wraps++
		}
		require.True(t, r.Empty(), "not visible before Commit")
		for i := range n {
			*s.At(i) = value[T](in + i)
		}
		require.NoError(t, r.Commit(n))
		require.Equal(t, n, r.Len())
		in += n

		p, err := peek(n)
		require.NoError(t, err)
		require.Equal(t, n, p.Len())
		require.Equal(t, n, r.Len(), "still there until Consume")
		got := append(append([]T{}, p.First...), p.Second...)
		require.Equal(t, values[T](out, n), got)
		for i := range n {
			require.Equal(t, got[i], *p.At(i))
		}
		require.NoError(t, r.Consume(n))
		require.True(t, r.Empty())
		out += n
	}
	require.Greater(t, wraps, 5, "the test is about wrapping")
}

func TestZeroCopyAndCopyingCallsShareARing(t *testing.T) {
	forEachTwoStep(t, zeroCopyMixed[e8], zeroCopyMixed[e12], zeroCopyMixed[e20])
}

func zeroCopyMixed[T any](t *testing.T, cfg ring.Config) {
	r := create[T](t, 32, cfg)
	out := make([]T, 7)
	for round := range 20 {
		s, err := r.ReserveBulk(7)
		require.NoError(t, err)
		for i := range 7 {
			*s.At(i) = value[T](14*round + i)
		}
		require.NoError(t, r.Commit(7))
		require.Equal(t, 7, r.EnqueueBulk(values[T](14*round+7, 7)))

		require.Equal(t, 7, r.DequeueBulk(out))
		require.Equal(t, values[T](14*round, 7), out)
		p, err := r.PeekBulk(7)
		require.NoError(t, err)
		for i := range 7 {
			require.Equal(t, value[T](14*round+7+i), *p.At(i))
		}
		require.NoError(t, r.Consume(7))
	}
}

func TestZeroCopyBulkMovesAllOrNothingAndBurstWhatFits(t *testing.T) {
	forEachTwoStep(t, func(t *testing.T, cfg ring.Config) {
		r := create[e8](t, 16, cfg)
		s, err := r.ReserveBulk(16)
		require.NoError(t, err)
		require.Zero(t, s.Len(), "one more than fits")
		s, err = r.ReserveBurst(16)
		require.NoError(t, err)
		require.Equal(t, 15, s.Len())
		copy(s.First, values[e8](0, 15))
		require.NoError(t, r.Commit(15))
		require.True(t, r.Full())
		for _, reserve := range []func(int) (ring.Span[e8], error){r.ReserveBulk, r.ReserveBurst} {
			s, err := reserve(1)
			require.NoError(t, err)
			require.Zero(t, s.Len(), "full")
		}

		p, err := r.PeekBulk(16)
		require.NoError(t, err)
		require.Zero(t, p.Len(), "more than there are")
		p, err = r.PeekBurst(100)
		require.NoError(t, err)
		require.Equal(t, values[e8](0, 15), p.First)
		require.Empty(t, p.Second)
		require.NoError(t, r.Consume(15))
		for _, peek := range []func(int) (ring.Span[e8], error){r.PeekBulk, r.PeekBurst} {
			p, err := peek(1)
			require.NoError(t, err)
			require.Zero(t, p.Len(), "empty")
		}
	})
}

func TestCommitReleasesTheRestOfAReservation(t *testing.T) {
	forEachTwoStep(t, func(t *testing.T, cfg ring.Config) {
		r := create[e8](t, 16, cfg)
		next, out := 0, 0
		for take := range 9 {
			s, err := r.ReserveBulk(8)
			require.NoError(t, err)
			for i := range 8 {
				*s.At(i) = value[e8](next + i)
			}
			require.NoError(t, r.Commit(take))
			next += take
			require.Equal(t, take, r.Len())
			require.True(t, r.Enqueue(value[e8](next)), "the side is free again")
			next++

			// Look at all, take one after the other.
			for r.Len() > 0 {
				p, err := r.PeekBurst(16)
				require.NoError(t, err)
				require.Equal(t, r.Len(), p.Len())
				require.Equal(t, value[e8](out), *p.At(0))
				require.NoError(t, r.Consume(0))
				require.Equal(t, p.Len(), r.Len(), "Consume(0) leaves all")
				p, err = r.PeekBurst(16)
				require.NoError(t, err)
				require.Equal(t, value[e8](out), *p.At(0))
				require.NoError(t, r.Consume(1))
				out++
			}
		}
		require.Equal(t, next, out)
	})
}

func TestCommitOfMoreThanWasReservedIsRefused(t *testing.T) {
	forEachTwoStep(t, func(t *testing.T, cfg ring.Config) {
		r := create[e8](t, 16, cfg)
		for _, n := range []int{1, 5, math.MaxInt, -1, math.MinInt, 1<<32 + 1} {
			require.ErrorIs(t, r.Commit(n), dpdk.ErrInvalid, "commit of %d without a reservation", n)
			require.ErrorIs(t, r.Consume(n), dpdk.ErrInvalid, "consume of %d without a peek", n)
		}
		require.True(t, r.Empty())

		s, err := r.ReserveBulk(4)
		require.NoError(t, err)
		copy(s.First, values[e8](0, 4))
		for _, n := range []int{5, 16, -1, 1<<32 + 4, math.MaxInt} {
			err := r.Commit(n)
			require.ErrorIs(t, err, dpdk.ErrInvalid, n)
			require.Contains(t, err.Error(), r.Name())
		}
		require.NoError(t, r.Commit(4), "the reservation stayed")

		_, err = r.PeekBulk(3)
		require.NoError(t, err)
		for _, n := range []int{4, -1, 1<<32 + 3, math.MaxInt} {
			require.ErrorIs(t, r.Consume(n), dpdk.ErrInvalid, n)
		}
		require.NoError(t, r.Consume(3))
		v, ok := r.Dequeue()
		assert.Equal(t, [2]any{value[e8](3), true}, [2]any{v, ok})
	})
}

func TestZeroCopyOfZeroElements(t *testing.T) {
	forEachTwoStep(t, func(t *testing.T, cfg ring.Config) {
		r := create[e8](t, 16, cfg)
		require.True(t, r.Enqueue(7))
		for _, n := range []int{0, -1, math.MinInt} {
			for _, f := range []func(int) (ring.Span[e8], error){r.ReserveBulk, r.ReserveBurst, r.PeekBulk, r.PeekBurst} {
				s, err := f(n)
				require.NoError(t, err)
				require.Zero(t, s.Len())
			}
		}
		require.True(t, r.Enqueue(8), "the producer side is free")
		v, ok := r.Dequeue()
		require.Equal(t, [2]any{e8(7), true}, [2]any{v, ok}, "and so is the consumer side")
	})
}

// Sizes that a count of DPDK cannot hold must not become small ones.
func TestZeroCopyOfHugeCounts(t *testing.T) {
	forEachTwoStep(t, func(t *testing.T, cfg ring.Config) {
		r := create[e8](t, 16, cfg)
		for _, n := range []int{math.MaxInt, 1 << 32, 1<<32 + 1} {
			s, err := r.ReserveBulk(n)
			require.NoError(t, err)
			require.Zero(t, s.Len())
			s, err = r.ReserveBurst(n)
			require.NoError(t, err)
			require.Equal(t, 15, s.Len())
			require.NoError(t, r.Commit(0))
			p, err := r.PeekBulk(n)
			require.NoError(t, err)
			require.Zero(t, p.Len())
		}
		require.True(t, r.Empty())
	})
}

func TestZeroCopyIsRefusedOnMultiAndRTSSides(t *testing.T) {
	for _, sync := range []ring.Sync{ring.Multi, ring.RTS} {
		for _, other := range twoStep {
			r := create[e8](t, 16, ring.Config{Producer: sync, Consumer: other})
			for _, f := range []func(int) (ring.Span[e8], error){r.ReserveBulk, r.ReserveBurst} {
				_, err := f(1)
				require.ErrorIs(t, err, dpdk.ErrInvalid, "%v producer", sync)
			}
			require.ErrorIs(t, r.Commit(0), dpdk.ErrInvalid)
			require.True(t, r.Enqueue(7))
			p, err := r.PeekBulk(1)
			require.NoError(t, err, "the other side has it")
			require.Equal(t, e8(7), *p.At(0))
			require.NoError(t, r.Consume(1))

			r = create[e8](t, 16, ring.Config{Producer: other, Consumer: sync})
			s, err := r.ReserveBulk(1)
			require.NoError(t, err)
			*s.At(0) = 9
			require.NoError(t, r.Commit(1))
			for _, f := range []func(int) (ring.Span[e8], error){r.PeekBulk, r.PeekBurst} {
				_, err := f(1)
				require.ErrorIs(t, err, dpdk.ErrInvalid, "%v consumer", sync)
			}
			require.ErrorIs(t, r.Consume(1), dpdk.ErrInvalid)
			v, ok := r.Dequeue()
			require.Equal(t, [2]any{e8(9), true}, [2]any{v, ok})
		}
	}
}

// Reservations of an HTS side exclude each other, and a waiter continues after Commit.
// Otherwise elements would be lost or duplicated here.
func TestZeroCopyFromManyGoroutines(t *testing.T) {
	const goroutines, each = 4, 2000
	r := create[ticket](t, 64, ring.Config{Producer: ring.HTS, Consumer: ring.HTS})
	done := make(chan struct{})
	for g := range goroutines {
		go func() {
			defer func() { done <- struct{}{} }()
			for sent := 0; sent < each; {
				s, err := r.ReserveBurst(min(1+(sent+g)%9, each-sent))
				if err != nil {
					t.Error(err)
					return
				}
				if s.Len() == 0 {
					yield()
					continue
				}
				for i := range s.Len() {
					*s.At(i) = newTicket(uint64(g), uint64(sent+i))
				}
				if err := r.Commit(s.Len()); err != nil {
					t.Error(err)
					return
				}
				sent += s.Len()
			}
		}()
	}
	var next [goroutines]uint64
	for received := 0; received < goroutines*each && !t.Failed(); {
		p, err := r.PeekBurst(8)
		require.NoError(t, err)
		if p.Len() == 0 {
			yield()
			continue
		}
		for i := range p.Len() {
			got := *p.At(i)
			require.Less(t, got.Producer, uint64(goroutines))
			require.Equal(t, newTicket(got.Producer, next[got.Producer]), got)
			next[got.Producer]++
		}
		require.NoError(t, r.Consume(p.Len()))
		received += p.Len()
	}
	for range goroutines {
		<-done
	}
	require.True(t, r.Empty())
}
