package lock_test

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/test/twin"
)

func TestSequenceCountsAgreeWithC(t *testing.T) {
	p := newPlace(t)
	c := (*lock.SeqCount)(unsafe.Pointer(&p.lock))
	raw := unsafe.Pointer(c)
	for i, write := range []struct{ begin, end func() }{
		{c.WriteBegin, c.WriteEnd},
		{func() { twin.SeqcountWriteBegin(raw) }, func() { twin.SeqcountWriteEnd(raw) }},
		{c.WriteBegin, func() { twin.SeqcountWriteEnd(raw) }},
	} {
		before := c.ReadBegin()
		require.EqualValues(t, 2*i, before)
		require.Equal(t, before, twin.SeqcountReadBegin(raw))
		require.False(t, c.ReadRetry(before))
		require.False(t, twin.SeqcountReadRetry(raw, before))
		write.begin()
		within := c.ReadBegin()
		require.Equal(t, within, twin.SeqcountReadBegin(raw))
		for _, sn := range []uint32{before, within} {
			require.True(t, c.ReadRetry(sn))
			require.True(t, twin.SeqcountReadRetry(raw, sn))
		}
		write.end()
		for _, sn := range []uint32{before, within} {
			require.True(t, c.ReadRetry(sn))
			require.True(t, twin.SeqcountReadRetry(raw, sn))
		}
	}
}

func TestReadRetryReportsWriters(t *testing.T) {
	s := (*lock.Seq)(unsafe.Pointer(&newPlace(t).lock))
	sn := s.ReadBegin()
	s.Lock()
	assert.True(t, s.ReadRetry(sn))
	assert.True(t, s.ReadRetry(s.ReadBegin()))
	s.Unlock()
	assert.True(t, s.ReadRetry(sn))
	assert.False(t, s.ReadRetry(s.ReadBegin()))
}

// zone is a value between two guards.
type zone[T any] struct {
	before uint32
	seq    lock.SeqValue[T]
	after  uint32
}

func newValue[T any](t *testing.T) *zone[T] {
	t.Helper()
	places++
	v, err := memzone.CreateValue[zone[T]](fmt.Sprintf("value %d", places), memzone.Config{})
	require.NoError(t, err)
	z := v.Get()
	z.before, z.after = 0x5a5a5a5a, 0xa5a5a5a5
	t.Cleanup(func() {
		assert.EqualValues(t, 0x5a5a5a5a, z.before)
		assert.EqualValues(t, 0xa5a5a5a5, z.after)
		assert.NoError(t, v.Free())
	})
	return z
}

// roundTrip stores, loads and updates values of one type, and looks at the place
// where C has the value.
func roundTrip[T comparable](t *testing.T, values ...T) {
	t.Run(reflect.TypeFor[T]().String(), func(t *testing.T) {
		z := newValue[T](t)
		require.Equal(t, *new(T), z.seq.Load())
		offset := (cgo.SeqlockSizeof + unsafe.Alignof(*new(T)) - 1) &^ (unsafe.Alignof(*new(T)) - 1)
		inC := (*T)(unsafe.Add(unsafe.Pointer(&z.seq), offset))
		for i, v := range values {
			z.seq.Store(v)
			require.Equal(t, v, z.seq.Load())
			require.Equal(t, v, *inC)
			require.EqualValues(t, 2*(2*i+1), twin.SeqcountReadBegin(unsafe.Pointer(&z.seq)))
			z.seq.Update(func(t *T) { *t = values[len(values)-1-i] })
			got, ok := z.seq.TryLoad()
			require.True(t, ok)
			require.Equal(t, values[len(values)-1-i], got)
		}
		if len(values) > 0 {
			require.Zero(t, testing.AllocsPerRun(10, func() { z.seq.Store(values[0]); z.seq.Load(); z.seq.TryLoad() }))
		}
	})
}

func TestValuesOfAllShapes(t *testing.T) {
	roundTrip(t, byte(1), 255)
	roundTrip(t, [3]byte{1, 2, 3}, [3]byte{9, 8, 7})
	roundTrip(t, [6]byte{1, 2, 3, 4, 5, 6})
	roundTrip(t, uint16(1), 0xffff)
	roundTrip(t, uint32(1), 0xffffffff)
	roundTrip(t, uint64(1), 0xfedcba9876543210)
	roundTrip(t, [5]uint32{1, 2, 3, 4, 5}, [5]uint32{5, 4, 3, 2, 1})
	roundTrip(t, [33]uint64{1, 32: 2}, [33]uint64{3, 32: 4})
	roundTrip(t, struct {
		A uint64
		B byte
	}{1, 2})
	roundTrip(t, struct{}{})
}

func TestPanicInUpdateChangesNothing(t *testing.T) {
	z := newValue[uint64](t)
	z.seq.Store(5)
	require.Panics(t, func() { z.seq.Update(func(v *uint64) { *v = 6; panic("bad") }) })
	require.EqualValues(t, 5, z.seq.Load())
	z.seq.Store(7)
	require.EqualValues(t, 7, z.seq.Load())
}

func TestReadersAndWritersOfAValueWaitForAWriterInC(t *testing.T) {
	z := newValue[uint64](t)
	raw := unsafe.Pointer(&z.seq)
	z.seq.Store(5)
	for _, f := range []func(){
		func() { z.seq.Load() },
		func() { z.seq.Store(6) },
		func() { z.seq.Update(func(v *uint64) { *v++ }) },
	} {
		twin.SeqlockWriteLock(raw)
		_, ok := z.seq.TryLoad()
		require.False(t, ok)
		waits(t, f, func() { twin.SeqlockWriteUnlock(raw) })
	}
	require.EqualValues(t, 7, z.seq.Load())
}

// The copy that Update works on is of the latest value: nothing is lost.
func TestUpdatesOfManyGoroutinesAddUp(t *testing.T) {
	const goroutines, rounds = 4, 2000
	z := newValue[[7]uint64](t)
	var torn atomic.Int32
	var stop atomic.Bool
	var readers, writers sync.WaitGroup
	readers.Go(func() {
		for last := uint64(0); !stop.Load(); time.Sleep(time.Microsecond) {
			v := z.seq.Load()
			for _, x := range v {
				if x != v[0] || x < last {
					torn.Add(1)
				}
			}
			last = v[0]
		}
	})
	for range goroutines {
		writers.Go(func() {
			for range rounds {
				z.seq.Update(func(v *[7]uint64) {
					for i := range v {
						v[i]++
					}
				})
			}
		})
	}
	writers.Wait()
	stop.Store(true)
	readers.Wait()
	assert.Zero(t, torn.Load())
	assert.EqualValues(t, goroutines*rounds, z.seq.Load()[6])
}
