package lcore

import (
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
)

func TestCyclesReadsTheSameCounterAsC(t *testing.T) {
	require.NoError(t, on(t, 1, func() error { // on one CPU
		for range 100 {
			a, c, b := Cycles(), cgo.Cycles(), Cycles()
			assert.LessOrEqual(t, a, c)
			assert.LessOrEqual(t, c, b)
		}
		return nil
	}))
	assert.Zero(t, testing.AllocsPerRun(100, func() { Cycles() }))
}

func TestCyclesRunAtHz(t *testing.T) {
	require.Greater(t, Hz(), uint64(1e6))
	begin, from := time.Now(), Cycles()
	time.Sleep(50 * time.Millisecond)
	cycles, took := Cycles()-from, time.Since(begin)
	assert.InEpsilon(t, float64(took), float64(Duration(cycles)), 0.1)
}

func TestDurationAndToCyclesConvertBothWays(t *testing.T) {
	for _, d := range []time.Duration{0, 1, time.Microsecond, time.Second, 100 * 365 * 24 * time.Hour} {
		assert.InDelta(t, float64(d), float64(Duration(ToCycles(d))), float64(d)*1e-9+float64(time.Second)/float64(Hz())+1, "%v", d)
	}
	assert.Equal(t, time.Second, Duration(Hz()))
	assert.Equal(t, Hz(), ToCycles(time.Second))
	assert.Zero(t, ToCycles(-time.Second))
	assert.Positive(t, Duration(math.MaxUint64), "no overflow")
	for _, tc := range []struct{ n, mul, div, want uint64 }{
		{10, 3, 2, 15}, {1, 1, 3, 0}, {1, 1, 0, 0}, {math.MaxUint64, 2, 1, math.MaxUint64}, {math.MaxUint64, math.MaxUint64, math.MaxUint64, math.MaxUint64}, {1 << 63, 2, 4, 1 << 62},
	} {
		assert.Equal(t, tc.want, scale(tc.n, tc.mul, tc.div), tc)
	}
}

func TestDelayTakesItsTime(t *testing.T) {
	for _, d := range []time.Duration{0, time.Microsecond, 100 * time.Microsecond, 5 * time.Millisecond} {
		best := time.Duration(math.MaxInt64)
		for range 20 {
			begin := time.Now()
			Delay(d)
			took := time.Since(begin)
			assert.GreaterOrEqual(t, took, d-d/100)
			best = min(best, took)
		}
		assert.Less(t, best, d+d/10+20*time.Microsecond)
	}
	Delay(-time.Second)
}

func TestVarHasOneValuePerLcore(t *testing.T) {
	v := NewVar[struct {
		n    atomic.Int64
		text string // T may hold Go pointers
	}]()
	for _, id := range everywhere(t) {
		require.NoError(t, on(t, id, func() error {
			own := v.Own()
			assert.Same(t, v.Of(id), own)
			assert.Zero(t, own.n.Load())
			own.n.Add(int64(id) + 1)
			own.text = name(id)
			return nil
		}))
	}
	for _, id := range everywhere(t) {
		assert.EqualValues(t, id+1, v.Of(id).n.Load())
		assert.Equal(t, name(id), v.Of(id).text)
	}
	assert.Zero(t, v.Of(4).n.Load())
	assert.NotNil(t, v.Of(Max-1))
	assert.Nil(t, v.Of(Max))
	assert.Nil(t, v.Of(-1))
	assert.Nil(t, v.Own(), "this goroutine is not an lcore")
}
