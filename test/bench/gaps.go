package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

const (
	round  = time.Microsecond // of work in each round of the polling loop
	length = 3 * time.Second  // of a measurement
)

// gaps measures the rounds of a polling loop with 1 µs of work in each round. It runs the loop in C,
// on an lcore and on a locked goroutine (in the column of cgo), one after the other on one CPU,
// with and without another goroutine that allocates as fast as it can.
func gaps() []Row {
	id, ok := worker()
	if !ok {
		return nil
	}
	fmt.Printf("%-7s %-26s %5s %8s %8s %8s   of rounds of %v, GOMAXPROCS %d: ns in C, on an lcore, on a locked goroutine\n", "group", "", "", "C", "Go", "locked", round, runtime.GOMAXPROCS(0))
	took := make([]uint32, int(length/round))
	var rows []Row
	for _, load := range []struct {
		name string
		run  func() (stop func())
	}{{"quiet", func() func() { return func() {} }}, {"GC", allocate}} {
		stop := load.run()
		work := lcore.ToCycles(round)
		var hists [3]*hdrhistogram.Histogram
		for i, f := range []func(){
			func() { cloop.Gaps(took, work) },
			func() { onLcore(id, func() { spin(took, work) }) },
			func() { spin(took, work) },
		} {
			f()
			hists[i] = histogram(took)
		}
		stop()
		for _, q := range []float64{50, 99, 99.9, 99.99, 100} {
			value := func(i int) float64 { return float64(hists[i].ValueAtQuantile(q)) }
			rows = append(rows, gapRow(fmt.Sprintf("%s, p%v", load.name, q), value))
		}
		long := func(i int) float64 { return over(hists[i], 10*time.Microsecond) / length.Seconds() }
		rows = append(rows, gapRow(load.name+", over 10 µs, per s", long))
	}
	return rows
}

func gapRow(name string, value func(i int) float64) Row {
	r := Row{Group: "gaps", Name: name, Burst: 1, CNs: value(0), GoNs: value(1), CgoNs: value(2)}
	if r.CNs != 0 {
		r.RatioMedian = r.GoNs / r.CNs
		r.RatioBest = r.RatioMedian
	}
	fmt.Printf("%-7s %-26s %5s %8.0f %8.0f %8.0f   %.2f\n", r.Group, r.Name, "", r.CNs, r.GoNs, r.CgoNs, r.RatioMedian)
	return r
}

// spin is the loop of cloop.Gaps in Go.
func spin(took []uint32, work uint64) {
	start := lcore.Cycles()
	for i := range took {
		now := lcore.Cycles()
		for now-start < work {
			now = lcore.Cycles()
		}
		took[i] = uint32(min(now-start, 1<<32-1))
		start = now
	}
}

func histogram(cycles []uint32) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1, int64(10*time.Second), 3)
	for _, c := range cycles {
		_ = h.RecordValue(int64(lcore.Duration(uint64(c))))
	}
	return h
}

// over counts the values above least.
func over(h *hdrhistogram.Histogram, least time.Duration) (n float64) {
	for _, b := range h.Distribution() {
		if b.From >= int64(least) {
			n += float64(b.Count)
		}
	}
	return n
}

var garbage [64]*[1024]byte

// allocate makes garbage, and a live heap that the collector has to scan, on another goroutine until
// stop.
func allocate() (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		live := make([]*[64]uintptr, 1<<17) // 64 MiB in small pieces
		for i := range live {
			live[i] = new([64]uintptr)
		}
		for i := 0; ; i++ {
			select {
			case <-end:
				runtime.KeepAlive(live)
				return
			default:
				garbage[i%len(garbage)] = new([1024]byte)
				live[i%len(live)] = new([64]uintptr)
			}
		}
	}()
	return func() { close(end); <-ended }
}
