package lcore

import (
	"math"
	"math/bits"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/tsc"
)

// Cycles is the processor's time stamp counter (rte_get_tsc_cycles): a count that
// goes on at a constant rate, Hz. It is read without a call of C, in about 10 ns,
// on any thread, and needs no EAL. Processors may be a little apart.
func Cycles() uint64 {
	if !tsc.Native {
		return cgo.Cycles()
	}
	return tsc.Cycles()
}

// hz is what EAL found, which does not change.
var hz atomic.Uint64

// Hz is how many cycles there are in a second (rte_get_tsc_hz). EAL measures it
// at its start; before that it is 0.
func Hz() uint64 {
	if n := hz.Load(); n != 0 {
		return n
	}
	n := cgo.TSCHz()
	hz.Store(n)
	return n
}

// Duration is how long a number of cycles takes; 0 before EAL's start, and at
// most the longest Duration there is.
func Duration(cycles uint64) time.Duration {
	return time.Duration(min(scale(cycles, uint64(time.Second), Hz()), math.MaxInt64))
}

// ToCycles is how many cycles there are in d; 0 for a negative one.
func ToCycles(d time.Duration) uint64 {
	return scale(uint64(max(d, 0)), Hz(), uint64(time.Second))
}

// scale is n*mul/div, rounded down, or the largest number; 0 if div is 0.
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

// Delay lets the calling goroutine busy-wait for d (rte_delay_us_block), to the
// accuracy of a read of the counter. It does not give its P away: time.Sleep
// does, and may be late by more than a millisecond (see Idle). Before EAL's start it
// does sleep.
func Delay(d time.Duration) {
	if Hz() == 0 {
		time.Sleep(d)
		return
	}
	for begin, wait := Cycles(), ToCycles(d); Cycles()-begin < wait; {
		if wait > Hz()/1000 { // a long one lets others in
			runtime.Gosched()
		}
	}
}
