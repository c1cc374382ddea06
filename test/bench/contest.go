package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	sample = 200 * time.Microsecond // approximate time of one measurement
	blocks = 21                     // samples of a column that a Row keeps
	noise  = 0.1                    // largest spread of a column that is not called noisy
)

// rounds is the number of alternating measurements of C, Go and cgo.
var rounds = func() int {
	if n, err := strconv.Atoi(os.Getenv("BENCH_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return 301
}()

// once reports whether everything runs only to see that it works, as in the tests.
func once() bool { return rounds == 1 }

// shorter returns long, or short if everything runs once.
func shorter[T any](long, short T) T {
	if once() {
		return short
	}
	return long
}

// loop runs an operation iters times.
type loop func(iters int)

// contest is one comparison; c and goNative run the same operation.
type contest struct {
	group, name      string
	burst            int
	axis             string // see Row
	x                int
	c, goNative, cgo loop
	third            string // see Row
}

// Row is the result of a comparison. In each column less is better. Group, Name, Burst, Axis and X
// are unique together.
type Row struct {
	Group  string  `json:"group"`
	Name   string  `json:"name"`
	Burst  int     `json:"burst"`
	Axis   string  `json:"axis,omitempty"` // of a curve: the meaning of X
	X      float64 `json:"x,omitempty"`
	Unit   string  `json:"unit"` // of the columns
	C      *Column `json:"c,omitempty"`
	Go     *Column `json:"go,omitempty"`
	Cgo    *Column `json:"cgo,omitempty"`
	Third  string  `json:"third,omitempty"` // the content of Cgo, if it is not Go through cgo
	Ratio  *Column `json:"ratio,omitempty"` // of Go ÷ C in each round; Best is best Go ÷ best C
	Noisy  bool    `json:"noisy"`           // the spread of C is larger than Method.Noise
	Allocs float64 `json:"allocs"`          // per operation in Go
}

// Column describes the measurements of all rounds.
type Column struct {
	Best   float64 `json:"best"`
	Median float64 `json:"median"`
	Spread float64 `json:"spread"` // interquartile range ÷ median
	// Samples are the medians of consecutive rounds, in the order of time.
	Samples []float64 `json:"samples"`
}

// newColumn returns nil without measurements.
func newColumn(values []float64) *Column {
	if len(values) == 0 {
		return nil
	}
	c := &Column{Best: digits(slices.Min(values)), Median: digits(quantile(values, 0.5))}
	if c.Median != 0 {
		c.Spread = digits((quantile(values, 0.75) - quantile(values, 0.25)) / c.Median)
	}
	n := min(blocks, len(values))
	for i := range n {
		c.Samples = append(c.Samples, digits(quantile(values[len(values)*i/n:len(values)*(i+1)/n], 0.5)))
	}
	return c
}

// measured sets the columns of r from the measurements of each round.
func (r Row) measured(c, goNative, cgo []float64) Row {
	r.C, r.Go, r.Cgo = newColumn(c), newColumn(goNative), newColumn(cgo)
	var ratios []float64
	for i := range min(len(c), len(goNative)) {
		if c[i] > 0 {
			ratios = append(ratios, goNative[i]/c[i])
		}
	}
	if r.Ratio = newColumn(ratios); r.Ratio != nil && r.C.Best > 0 {
		r.Ratio.Best = digits(r.Go.Best / r.C.Best)
	}
	r.Noisy = r.C != nil && r.C.Spread > noise
	if r.Unit == "" {
		r.Unit = "ns"
	}
	return r
}

// quantile returns the q-th quantile of the values, interpolated linearly.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// digits rounds to four digits: the others are noise, and the file is kept in the repository.
func digits(v float64) float64 {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	return v
}

// run measures the contest. Curves have many points, and a third of the rounds.
func (c *contest) run() Row {
	n := rounds
	if c.axis != "" {
		n = (rounds + 2) / 3
	}
	iters := calibrate(c.c)
	var cs, gos, cgos []float64
	for range n {
		cs, gos = append(cs, measure(c.c, iters)), append(gos, measure(c.goNative, iters))
		if c.cgo != nil {
			cgos = append(cgos, measure(c.cgo, iters))
		}
	}
	r := Row{Group: c.group, Name: c.name, Burst: c.burst, Axis: c.axis, X: float64(c.x), Third: c.third}.measured(cs, gos, cgos)
	r.Allocs = testing.AllocsPerRun(shorter(100, 1), func() { c.goNative(1) })
	return r
}

// calibrate returns the number of iterations that take about one sample. The fastest of three runs counts: one in which the
// kernel deschedules the process takes longer than a sample.
func calibrate(l loop) int {
	for iters := 1; ; iters *= 2 {
		best := min(measure(l, iters), measure(l, iters), measure(l, iters))
		if best*float64(iters) > float64(sample) {
			return iters
		}
	}
}

// measure returns the time of one iteration in ns.
func measure(l loop, iters int) float64 {
	start := time.Now()
	l(iters)
	return float64(time.Since(start).Nanoseconds()) / float64(iters)
}

// named replaces "the same" at the start of a name by the name of the contest before.
func named(contests []contest) []contest {
	if len(contests) == 0 {
		return nil
	}
	for i := range contests[1:] {
		before, c := contests[i].name, &contests[i+1]
		c.name = strings.Replace(c.name, "the same", before, 1)
	}
	return contests
}

func heading(what string) {
	fmt.Printf("\n%-7s %-54s %9s %9s %9s %9s   %s\n", "group", what, "", "C", "Go", "cgo", "median Go ÷ C, spread of C")
}

// print writes the best of each column: the median is in the JSON.
func (r Row) print() {
	cell := func(c *Column) string {
		if c == nil {
			return ""
		}
		return strconv.FormatFloat(c.Best, 'f', map[bool]int{true: 2, false: 0}[c.Best < 10_000], 64)
	}
	name, x := r.Name, fmt.Sprint(r.Burst)
	if r.Axis != "" {
		name, x = r.Name+" / "+r.Axis, strconv.FormatFloat(r.X, 'f', -1, 64)
	}
	ratio := ""
	if r.Ratio != nil {
		ratio = fmt.Sprintf("%5.2f  ±%.0f %%", r.Ratio.Median, 100*r.C.Spread)
	}
	notes := ""
	if r.Noisy {
		notes += "  noisy"
	}
	if r.Allocs != 0 {
		notes += fmt.Sprintf("  %.0f allocations", r.Allocs)
	}
	if r.Third != "" {
		notes += "  (cgo: " + r.Third + ")"
	}
	fmt.Printf("%-7s %-54s %9s %9s %9s %9s   %s%s\n", r.Group, name, x, cell(r.C), cell(r.Go), cell(r.Cgo), ratio, notes)
}
