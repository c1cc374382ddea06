// Command bench compares godpdk's data path with the same loops in C, in one process, on one core,
// with one ring or pool. Machines differ and are shared, so the result is the ratio Go ÷ C of
// alternating measurements.
//
// BENCH_JSON=FILE also writes the rows as a JSON array.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
)

const (
	rounds = 301                    // of alternating measurements of C, Go and cgo
	sample = 200 * time.Microsecond // approximate time of one measurement
)

// loop runs an operation iters times.
type loop func(iters int)

// contest is one comparison; c and goNative run the same operation.
type contest struct {
	group, name      string
	burst            int
	c, goNative, cgo loop
}

// Row is the result of a contest. Times are nanoseconds per operation, the best of all rounds.
type Row struct {
	Group       string  `json:"group"`
	Name        string  `json:"name"`
	Burst       int     `json:"burst"`
	CNs         float64 `json:"c_ns"`
	GoNs        float64 `json:"go_ns"`
	CgoNs       float64 `json:"cgo_ns"`
	RatioMedian float64 `json:"ratio_median"` // of Go ÷ C in each round
	RatioBest   float64 `json:"ratio_best"`   // best Go ÷ best C
	Allocs      float64 `json:"allocs"`       // per Go operation
}

func main() {
	run := bench
	if prefix := os.Getenv(ipcPeer); prefix != "" {
		run = func() error { return answerIPC(prefix) }
	} else if language := os.Getenv(attachEnv); language != "" {
		run = func() error { return attached(language, os.Args[1]) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// aloneEnv is set in the process that shares no memory, and so uses fast calls.
const aloneEnv = "GODPDK_BENCH_ALONE"

func bench() error {
	alone := os.Getenv(aloneEnv) != ""
	rt, err := eal.Init(eal.Config{
		FilePrefix: fmt.Sprintf("bench%d", os.Getpid()),
		InMemory:   alone,
		MemoryMB:   64,
		NoPCI:      true,
		Logger:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		return err
	}
	defer rt.Close()
	groups := []func() ([]contest, error){rings, mempools, mbufs, lcores, locks, robust, quiescents}
	if alone {
		groups = []func() ([]contest, error){ethdevs}
	}
	var contests []contest
	for _, group := range groups {
		c, err := group()
		if err != nil {
			return err
		}
		contests = append(contests, c...)
	}
	if !alone {
		messages, end, err := ipcs(rt.FilePrefix())
		if err != nil {
			return err
		}
		defer end()
		contests = append(contests, messages...)
	}
	pin()

	fmt.Printf("%s, %s, %s/%s; ns per operation, best of %d alternating rounds\n\n",
		dpdk.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, rounds)
	fmt.Printf("%-7s %-26s %5s %8s %8s %8s   %s\n", "group", "operation", "burst", "C", "Go", "cgo", "Go ÷ C: median, best; allocations")
	var rows []Row
	for _, c := range contests {
		if only := os.Getenv("BENCH_GROUP"); only != "" && only != c.group {
			continue
		}
		r := c.run()
		rows = append(rows, r)
		fmt.Printf("%-7s %-26s %5d %8.2f %8.2f %8.2f   %.2f  %.2f  %.0f\n",
			r.Group, r.Name, r.Burst, r.CNs, r.GoNs, r.CgoNs, r.RatioMedian, r.RatioBest, r.Allocs)
	}
	only := os.Getenv("BENCH_GROUP")
	if !alone && (only == "" || only == "ethdev") {
		fmt.Println()
		more, err := benchAlone()
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	if !alone && (only == "" || only == "gaps") {
		fmt.Println()
		rows = append(rows, gaps()...)
	}
	if !alone && (only == "" || only == "attach") {
		fmt.Println()
		more, err := attaches(rt.FilePrefix())
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	if file := os.Getenv("BENCH_JSON"); file != "" {
		text, err := json.MarshalIndent(rows, "", "  ")
		if err != nil {
			return err
		}
		return os.WriteFile(file, append(text, '\n'), 0o644)
	}
	return nil
}

// benchAlone runs the contests that need a process without shared memory, in such a process.
func benchAlone() (rows []Row, err error) {
	file, err := os.CreateTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), aloneEnv+"=1", "BENCH_JSON="+file.Name())
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	return rows, json.NewDecoder(file).Decode(&rows)
}

func (c *contest) run() Row {
	iters := calibrate(c.c)
	var cs, gos, cgos, ratios []float64
	for range rounds {
		a, b := measure(c.c, iters), measure(c.goNative, iters)
		x := 0.0
		if c.cgo != nil {
			x = measure(c.cgo, iters)
		}
		cs, gos, cgos, ratios = append(cs, a), append(gos, b), append(cgos, x), append(ratios, b/a)
	}
	slices.Sort(ratios)
	bestC, bestGo := slices.Min(cs), slices.Min(gos)
	return Row{
		Group: c.group, Name: c.name, Burst: c.burst,
		CNs: bestC, GoNs: bestGo, CgoNs: slices.Min(cgos),
		RatioMedian: ratios[len(ratios)/2],
		RatioBest:   bestGo / bestC,
		Allocs:      testing.AllocsPerRun(100, func() { c.goNative(1) }),
	}
}

// calibrate returns the number of iterations that take about one sample.
func calibrate(l loop) int {
	for iters := 100; ; iters *= 2 {
		if start := time.Now(); true {
			l(iters)
			if time.Since(start) > sample {
				return iters
			}
		}
	}
}

// measure returns the time of one iteration in ns.
func measure(l loop, iters int) float64 {
	start := time.Now()
	l(iters)
	return float64(time.Since(start).Nanoseconds()) / float64(iters)
}
