package lcore

import (
	"math"
	"math/bits"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/tsc"
)

// Cycles returns the processor's time stamp counter, which runs at the constant rate [Hz]. It works
// on any thread, before EAL's start too, and reads the counter without cgo on amd64 and arm64. The
// counters of two processors may differ a little.
//
// Implements: rte_get_tsc_cycles, rte_rdtsc
func Cycles() uint64 {
	if !tsc.Native {
		return cgo.Cycles()
	}
	return tsc.Cycles()
}

// hz is the rate that EAL has measured. It does not change.
var hz atomic.Uint64

// Hz returns the number of cycles per second. EAL measures it when it starts; before that it is 0.
//
// Implements: rte_get_tsc_hz
func Hz() uint64 {
	if n := hz.Load(); n != 0 {
		return n
	}
	n := cgo.TSCHz()
	hz.Store(n)
	return n
}

// Duration converts a number of cycles to a time. It returns 0 before EAL's start, and at most the
// largest time.Duration.
func Duration(cycles uint64) time.Duration {
	return time.Duration(min(scale(cycles, uint64(time.Second), Hz()), math.MaxInt64))
}

// ToCycles converts a time to a number of cycles. It returns 0 for a negative time.
func ToCycles(d time.Duration) uint64 {
	return scale(uint64(max(d, 0)), Hz(), uint64(time.Second))
}

// scale returns n*mul/div, rounded down. It returns the largest number if the result is too large,
// and 0 if div is 0.
func scale(n, mul, div uint64) uint64 {
	hi, lo := bits.Mul64(n, mul)
	if div == 0 {
		return 0
	}
	if hi >= div {
		return math.MaxUint64
	}
	q, _ := bits.Div64(hi, lo, div)
	return q
}

// Pause executes one pause instruction: PAUSE on amd64, YIELD on arm64. A loop that polls a word or a ring
// that another CPU writes calls it after each poll that finds nothing. A loop that may wait for long uses [Idle].
// Any goroutine may call it, also without EAL.
//
// Implements: rte_pause
func Pause() { lockops.Pause(1) }

// Delay busy-waits for d, as precisely as the counter can be read. time.Sleep frees the P, but may
// take more than a millisecond too long: see [Idle]. A Delay of over 1 ms calls runtime.Gosched while
// it waits. Before EAL's start Delay sleeps.
//
// Implements: rte_delay_us_block
func Delay(d time.Duration) {
	if Hz() == 0 {
		time.Sleep(d)
		return
	}
	for begin, wait := Cycles(), ToCycles(d); Cycles()-begin < wait; {
		if wait > Hz()/1000 {
			runtime.Gosched()
		}
	}
}
