package memzone_test

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/memzone"
)

type counters struct {
	hits   atomic.Uint64
	flags  atomic.Uint32
	lowest atomic.Int64
	each   [8]atomic.Uint64
}

func createValue[T any](t *testing.T) *memzone.Value[T] {
	t.Helper()
	v, err := memzone.CreateValue[T](name(), memzone.Config{})
	require.NoError(t, err)
	t.Cleanup(func() {
		if v.Get() != nil {
			assert.NoError(t, v.Free())
		}
	})
	return v
}

func TestAtomicCountersOfOneValueFromManyGoroutines(t *testing.T) {
	const goroutines, rounds = 8, 5000
	v := createValue[counters](t)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			own, err := memzone.LookupValue[counters](v.Name())
			if !assert.NoError(t, err) {
				return
			}
			c := own.Get()
			for range rounds {
				c.hits.Add(3)
				c.each[g].Add(1)
				c.flags.Or(1 << g)
				c.lowest.Add(-1)
			}
		})
	}
	wg.Wait()
	c := v.Get()
	assert.EqualValues(t, 3*goroutines*rounds, c.hits.Load())
	assert.EqualValues(t, 1<<goroutines-1, c.flags.Load())
	assert.EqualValues(t, -goroutines*rounds, c.lowest.Load())
	for g := range c.each {
		assert.EqualValues(t, rounds, c.each[g].Load())
	}
}

func TestValueIsInTheMemoryOfItsZone(t *testing.T) {
	type pair struct {
		A uint32
		B uint64
	}
	v := createValue[pair](t)
	*v.Get() = pair{0x01020304, 0x05060708090a0b0c}
	z, err := memzone.Lookup(v.Name())
	require.NoError(t, err)
	assert.Equal(t, pair{0x01020304, 0x05060708090a0b0c}, *(*pair)(unsafe.Pointer(&z.Bytes()[0])))
	assert.Same(t, v.Get(), (*pair)(unsafe.Pointer(&v.Zone().Bytes()[0])))
	assert.Equal(t, line, len(v.Zone().Bytes()))
}

func TestCreateValueClearsOldData(t *testing.T) {
	type block [512]uint64
	v := createValue[block](t)
	n, dirty, place := v.Name(), v.Zone().Bytes(), uintptr(unsafe.Pointer(v.Get()))
	require.NoError(t, v.Free())
	// DPDK clears what is freed. A process that writes too late does not.
	for i := range dirty {
		dirty[i] = 0xFF
	}
	again, err := memzone.CreateValue[block](n, memzone.Config{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, again.Free()) }()
	require.Equal(t, place, uintptr(unsafe.Pointer(again.Get())), "the test is about memory that is used again")
	assert.Equal(t, block{}, *again.Get())
}

func TestZeroValueIsLikeAFreedOne(t *testing.T) {
	var v memzone.Value[uint64]
	assert.Nil(t, v.Get())
	assert.Empty(t, v.Name())
	assert.ErrorIs(t, v.Free(), dpdk.ErrNotFound)
}

func TestGetIsNilAfterFree(t *testing.T) {
	v := createValue[uint64](t)
	require.NotNil(t, v.Get())
	require.NoError(t, v.Free())
	assert.Nil(t, v.Get())
	assert.Nil(t, v.Zone().Bytes())
	assert.ErrorIs(t, v.Free(), dpdk.ErrNotFound)
	_, err := memzone.LookupValue[uint64](v.Name())
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
}

func TestValueTypesThatAreRefused(t *testing.T) {
	for _, tc := range []struct {
		name   string
		create func(name string) error
		lookup func(name string) error
		says   string
	}{
		{"pointer", create[*int], lookup[*int], "Go pointer (*int)"},
		{"unsafe.Pointer", create[unsafe.Pointer], lookup[unsafe.Pointer], "Go pointer"},
		{"string", create[string], lookup[string], "Go pointer (string)"},
		{"slice", create[[]byte], lookup[[]byte], "Go pointer ([]uint8)"},
		{"map", create[map[int]int], lookup[map[int]int], "Go pointer (map[int]int)"},
		{"channel", create[chan int], lookup[chan int], "Go pointer"},
		{"func", create[func()], lookup[func()], "Go pointer"},
		{"interface", create[error], lookup[error], "Go pointer"},
		{"field", create[struct{ A, B [2]struct{ S string } }], lookup[struct{ A, B [2]struct{ S string } }], "Go pointer (A S string)"},
		{"time", create[time.Time], lookup[time.Time], "loc *time.Location"},
		{"atomic.Pointer", create[atomic.Pointer[int]], lookup[atomic.Pointer[int]], "Go pointer"},
		{"empty struct", create[struct{}], lookup[struct{}], "has 0 bytes"},
		{"empty array", create[[0]uint64], lookup[[0]uint64], "has 0 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := name()
			err := tc.create(n)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Contains(t, err.Error(), tc.says)
			_, err = memzone.Lookup(n)
			require.ErrorIs(t, err, dpdk.ErrNotFound, "nothing was made")

			// The type is wrong for any zone, also for one that exists.
			z, err := memzone.Reserve(n, 4096, memzone.Config{})
			require.NoError(t, err)
			err = tc.lookup(n)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Contains(t, err.Error(), tc.says)
			require.NoError(t, z.Free())
		})
	}
}

func create[T any](name string) error {
	_, err := memzone.CreateValue[T](name, memzone.Config{})
	return err
}

func lookup[T any](name string) error {
	_, err := memzone.LookupValue[T](name)
	return err
}

func TestZoneTooSmallForTheTypeIsRefused(t *testing.T) {
	z := reserve(t, 64, memzone.Config{})
	require.NoError(t, lookup[[64]byte](z.Name()))
	require.NoError(t, lookup[uint8](z.Name()), "a larger zone will do")
	err := lookup[[65]byte](z.Name())
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "needs 65 bytes, but the zone has 64")
	_, err = memzone.Lookup(z.Name())
	assert.NoError(t, err, "the zone stays")
}

func TestValueHasTheAlignmentOfTheConfig(t *testing.T) {
	v, err := memzone.CreateValue[uint64](name(), memzone.Config{Align: 4096})
	require.NoError(t, err)
	assert.Zero(t, uintptr(unsafe.Pointer(v.Get()))%4096)
	require.NoError(t, v.Free())

	_, err = memzone.CreateValue[uint64](name(), memzone.Config{Align: 4})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "Align 4 is less than the 8")
	_, err = memzone.CreateValue[uint64](name(), memzone.Config{Align: 9})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestLargeValue(t *testing.T) {
	v := createValue[[1 << 20]byte](t)
	b := v.Get()
	b[0], b[1<<20-1] = 1, 2
	found, err := memzone.LookupValue[[1 << 20]byte](v.Name())
	require.NoError(t, err)
	assert.True(t, bytes.Equal(b[:], found.Get()[:]))
}

func TestAnotherLayoutIsRefused(t *testing.T) {
	v := createValue[[2]uint64](t)
	require.NoError(t, lookup[struct{ A, B uint64 }](v.Name()))
	for _, try := range []func(string) error{lookup[[2]int64], lookup[[4]uint32], lookup[uint64], lookup[struct {
		A uint32
		B uint64
	}]} {
		err := try(v.Name())
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.ErrorContains(t, err, "has another layout than [2]uint64")
	}
	require.NoError(t, v.Free())
	z, err := memzone.Reserve(v.Name(), 16, memzone.Config{})
	require.NoError(t, err)
	require.NoError(t, lookup[[4]uint32](v.Name()), "a zone without a type")
	require.NoError(t, z.Free())
}
