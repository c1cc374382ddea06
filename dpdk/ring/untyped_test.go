package ring_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ring"
)

func TestLookupGivesAnUntypedRingAType(t *testing.T) {
	type quote struct{ a, b, c uint32 }
	u, err := ring.CreateUntyped("untyped", 12, 64, ring.Config{Producer: ring.Single, Consumer: ring.HTS})
	require.NoError(t, err)
	assert.Equal(t, "untyped", u.Name())
	_, err = ring.Lookup[uint64]("untyped")
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	r, err := ring.Lookup[quote]("untyped")
	require.NoError(t, err)
	got := make([]quote, 2)
	assert.Equal(t, 2, r.EnqueueBurst([]quote{{1, 2, 3}, {4, 5, 6}}))
	info, err := u.Info()
	require.NoError(t, err)
	assert.Equal(t, ring.Info{Name: "untyped", Size: 64, Capacity: 63, Len: 2, Producer: ring.Single, Consumer: ring.HTS}, info)
	assert.Equal(t, 2, r.DequeueBurst(got))
	assert.Equal(t, []quote{{1, 2, 3}, {4, 5, 6}}, got)
	require.NoError(t, u.Free())
	assert.ErrorIs(t, u.Free(), dpdk.ErrNotFound)
	_, err = u.Info()
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
}

func TestUntypedRingsOfOddSizesAreRefused(t *testing.T) {
	for _, size := range []int{-4, 0, 1, 6, 1<<20 + 4, 1 << 32} {
		_, err := ring.CreateUntyped("odd", size, 64, ring.Config{})
		assert.ErrorIs(t, err, dpdk.ErrInvalid, size)
	}
	_, err := ring.CreateUntyped("", 8, 64, ring.Config{})
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = ring.CreateUntyped("odd", 8, 63, ring.Config{})
	assert.ErrorIs(t, err, dpdk.ErrInvalid, "the checks of Create")
}
