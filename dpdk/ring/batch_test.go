package ring_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ring"
)

type odd struct{ A, B, C uint32 } // 12 bytes

func newBatch[T any](t *testing.T, capacity int) *ring.Batch[T] {
	b, err := ring.NewBatch[T]("", capacity)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func TestABatchKeepsWhatDoesNotFitIntoTheRing(t *testing.T) {
	for _, mode := range []ring.Sync{ring.Multi, ring.Single, ring.RTS, ring.HTS} {
		t.Run(mode.String(), func(t *testing.T) {
			r, err := ring.Create[odd]("batch", 4, ring.Config{Producer: mode, Consumer: mode})
			require.NoError(t, err)
			defer func() { require.NoError(t, r.Free()) }()
			b := newBatch[odd](t, 5)
			all := []odd{{1, 1, 1}, {2, 2, 2}, {3, 3, 3}, {4, 4, 4}, {5, 5, 5}}
			require.Equal(t, 5, b.Append(append(all, odd{})...), "the sixth has no room")
			require.Equal(t, 3, r.EnqueueBatch(b))
			require.Zero(t, r.EnqueueBatch(b))
			require.Equal(t, all[3:], b.Elems())
			require.Zero(t, r.DequeueBatch(b, 4), "no room behind the elements that the batch holds")
			b.Drop(1)
			b.Drop(-1)
			require.Equal(t, 1, b.Len())
			b.Drop(7)
			require.Zero(t, b.Len())
			require.Equal(t, 2, r.DequeueBatch(b, 2))
			require.Equal(t, 1, r.DequeueBatch(b, 9))
			require.Zero(t, r.DequeueBatch(b, 0))
			require.Zero(t, r.DequeueBatch(b, -1))
			require.Equal(t, all[:3], b.Elems())
		})
	}
}

func TestABatchNoticesAFreedRingAndANewOneOfItsName(t *testing.T) {
	b := newBatch[uint64](t, 8)
	for range 3 { // the memory may be the same each time
		r, err := ring.Create[uint64]("batch", 8, ring.Config{})
		require.NoError(t, err)
		b.Append(1)
		require.Equal(t, 1, r.EnqueueBatch(b))
		require.NoError(t, r.Free())
		require.Zero(t, r.DequeueBatch(b, 1))
		require.Zero(t, r.EnqueueBatch(b))
	}
	require.Zero(t, new(ring.Ring[uint64]).EnqueueBatch(b))
	require.Zero(t, new(ring.Ring[uint64]).DequeueBatch(b, 1))
}

func TestNewBatchRefusesBadArguments(t *testing.T) {
	_, err := ring.NewBatch[uint64]("", 0)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = ring.NewBatch[uint64]("", ring.MaxBatch+1)
	assert.ErrorContains(t, err, "the capacity is 65537: use 1 to 65536")
	_, err = ring.NewBatch[string]("", 1)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = ring.NewBatch[uint64](string(make([]byte, 64)), 1)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	b, err := ring.NewBatch[uint64]("taken", 4)
	require.NoError(t, err)
	defer func() { assert.NoError(t, b.Close()) }()
	_, err = ring.NewBatch[uint64]("taken", 4)
	assert.ErrorIs(t, err, dpdk.ErrBusy)
}

func TestBatchesDoNotAllocate(t *testing.T) {
	r, err := ring.Create[uint64]("batch", 64, ring.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Free()) }()
	b := newBatch[uint64](t, 32)
	b.Append(make([]uint64, 32)...)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		r.EnqueueBatch(b)
		r.DequeueBatch(b, 32)
	}))
	require.Equal(t, 32, b.Len())
}
