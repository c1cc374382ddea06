package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

const roundWork = time.Microsecond // of work in each round of the polling loop

var gapTime = shorter(time.Second, 10*time.Millisecond) // of a measurement

// situation is what happens beside a polling loop, and how its process is set up.
type situation struct {
	Name   string
	Load   string   // what allocates: "", "goroutine" of the process, another "process", or the "poller" itself
	Env    []string // of the process
	OwnCPU bool     // the rest of the process runs on the other CPUs
	Free   bool     // measure a goroutine that is not locked to a thread, instead of an lcore
}

var situations = []situation{
	{Name: "nothing allocates"},
	{Name: "a goroutine allocates", Load: "goroutine"},
	{Name: "GOGC=400", Load: "goroutine", Env: []string{"GOGC=400"}},
	{Name: "GOGC=off GOMEMLIMIT=1GiB", Load: "goroutine", Env: []string{"GOGC=off", "GOMEMLIMIT=1GiB"}},
	{Name: "a CPU for the poller", Load: "goroutine", Env: []string{"GOMAXPROCS=3"}, OwnCPU: true},
	{Name: "a process for the poller, GOMAXPROCS=1", Load: "process", Env: []string{"GOMAXPROCS=1"}},
	{Name: "GOMAXPROCS=1, poller and goroutine", Load: "goroutine", Env: []string{"GOMAXPROCS=1"}},
	{Name: "GOMAXPROCS is 4 × CPUs", Load: "goroutine", Env: []string{fmt.Sprintf("GOMAXPROCS=%d", 4*runtime.NumCPU())}},
	{Name: "goroutine without a thread of its own", Load: "goroutine", Free: true},
	{Name: "the poller allocates", Load: "poller"},
}

// percentiles of the duration of a round.
var percentiles = []float64{50, 90, 99, 99.9, 99.99, 99.999, 100}

// gap is the result of one measurement.
type gap struct {
	Percentiles []float64 // ns
	Long        float64   // rounds over 10 µs, in a second
	Lost        float64   // ms of those rounds, in a second
	Collections float64   // in a second
}

// gaps measures the rounds of a polling loop with 1 µs of work in each round, on the last CPU. It runs
// the loop in C and in Go on an lcore, and on a locked goroutine (in the column of cgo), one after the
// other, in a process for each situation.
func gaps(*eal.Runtime) (rows []Row, err error) {
	if !wanted("gaps") {
		return nil, nil
	}
	unlocked(func() {
		var cpus lcore.CPUSet
		if cpus, err = lcore.ThreadCPUs(); err != nil || len(cpus) < 2 {
			return
		}
		heading(fmt.Sprintf("a polling loop with %v a round, and percentile", roundWork))
		for _, s := range situations {
			found, e := s.measure(cpus)
			if e != nil {
				err = fmt.Errorf("%s: %w", s.Name, e)
				return
			}
			for _, r := range s.rows(found) {
				r.print()
				rows = append(rows, r)
			}
		}
	})
	return rows, err
}

// rows makes a row of each value; found has the measurements of C, Go and the goroutine.
func (s situation) rows(found [3][]gap) (rows []Row) {
	row := func(name, axis string, x float64, unit string, value func(gap) float64) {
		var values [3][]float64
		for i := range found {
			for _, g := range found[i] {
				values[i] = append(values[i], value(g))
			}
		}
		r := Row{Group: "gaps", Name: name, Burst: 1, Axis: axis, X: x, Unit: unit}.measured(values[0], values[1], values[2])
		if r.Cgo != nil {
			r.Third = "locked goroutine"
		}
		rows = append(rows, r)
	}
	for i, p := range percentiles {
		row(s.Name, "percentile", p, "ns", func(g gap) float64 { return g.Percentiles[i] })
	}
	row(s.Name+": rounds over 10 µs", "", 0, "1/s", func(g gap) float64 { return g.Long })
	row(s.Name+": time of these rounds", "", 0, "ms/s", func(g gap) float64 { return g.Lost })
	row(s.Name+": garbage collections", "", 0, "1/s", func(g gap) float64 { return g.Collections })
	return rows
}

// measure runs the process of the situation, and the one that allocates.
func (s situation) measure(cpus lcore.CPUSet) (found [3][]gap, err error) {
	if s.Load == "process" {
		load, in, _, e := s.start(cpus, "load")
		if e != nil {
			return found, e
		}
		defer func() { in.Close(); err = errors.Join(err, load.Wait()) }()
	}
	may := cpus
	if s.OwnCPU {
		may = cpus[:len(cpus)-1]
	}
	arg, err := json.Marshal(pollerArg{s, cpus[0], cpus[len(cpus)-1]})
	if err != nil {
		return found, err
	}
	cmd, in, out, err := s.start(may, string(arg))
	if err != nil {
		return found, err
	}
	in.Close()
	err = json.NewDecoder(out).Decode(&found)
	return found, errors.Join(err, cmd.Wait())
}

// pollerEnv makes this program a process of a situation: a pollerArg in JSON, or "load".
const pollerEnv = "GODPDK_BENCH_POLLER"

type pollerArg struct {
	Situation situation
	Main, CPU int // for the main lcore, and for the poller
}

// start starts a process that may use these CPUs.
func (s situation) start(cpus lcore.CPUSet, arg string) (*exec.Cmd, io.Closer, io.Reader, error) {
	unpin, err := lcore.Pin(cpus)
	if err != nil {
		return nil, nil, nil, err
	}
	defer unpin()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(append(os.Environ(), s.Env...), pollerEnv+"="+arg)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	return cmd, in, out, cmd.Start()
}

// poller is that process. It writes the measurements to its output.
func poller(arg string) error {
	if arg == "load" {
		defer allocate()()
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	}
	var a pollerArg
	if err := json.Unmarshal([]byte(arg), &a); err != nil {
		return err
	}
	rt, err := eal.Init(eal.Config{
		FilePrefix: fmt.Sprintf("gaps%d", os.Getpid()), InMemory: true, NoPCI: true, MemoryMB: 8,
		Lcores: fmt.Sprintf("0@%d,1@%d", a.Main, a.CPU), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		return err
	}
	defer rt.Close()

	took := make([]uint32, int(gapTime/roundWork))
	work := lcore.ToCycles(roundWork)
	spin := spin
	switch a.Situation.Load {
	case "goroutine":
		defer allocate()()
	case "poller":
		live := newLive()
		defer runtime.KeepAlive(live)
		spin = spinAndAllocate
	}
	loops := [3]func(){
		func() { onLcore(1, func() { cloop.Gaps(took, work) }) },
		func() { onLcore(1, func() { spin(took, work) }) },
		func() {
			unpin, err := lcore.Pin(lcore.CPUs(a.CPU))
			must(err)
			spin(took, work)
			must(unpin())
		},
	}
	switch {
	case a.Situation.Free:
		loops[1], loops[2] = func() { spin(took, work) }, nil
	case a.Situation.OwnCPU: // only the thread of an lcore may use that CPU
		loops[2] = nil
	}
	var found [3][]gap
	for range shorter(3, 1) {
		for i, loop := range loops {
			if loop == nil {
				continue
			}
			collections := numGC()
			loop()
			found[i] = append(found[i], newGap(took, numGC()-collections))
		}
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func numGC() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumGC
}

func newGap(took []uint32, collections uint32) (g gap) {
	h := hdrhistogram.New(1, int64(10*time.Second), 3)
	var all time.Duration
	for _, cycles := range took {
		d := lcore.Duration(uint64(cycles))
		all += d
		_ = h.RecordValue(int64(d))
		if d > 10*time.Microsecond {
			g.Long++
			g.Lost += d.Seconds() * 1e3
		}
	}
	for _, p := range percentiles {
		g.Percentiles = append(g.Percentiles, float64(h.ValueAtQuantile(p)))
	}
	s := all.Seconds()
	g.Long, g.Lost, g.Collections = g.Long/s, g.Lost/s, float64(collections)/s
	return g
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

// spinAndAllocate also allocates in each round.
func spinAndAllocate(took []uint32, work uint64) {
	start := lcore.Cycles()
	for i := range took {
		garbage[i%len(garbage)] = new([perRound]byte)
		now := lcore.Cycles()
		for now-start < work {
			now = lcore.Cycles()
		}
		took[i] = uint32(min(now-start, 1<<32-1))
		start = now
	}
}

// perRound bytes in each microsecond are 400 MB in a second.
const perRound = 400

var garbage [64]*[perRound]byte

// newLive makes a heap of 64 MiB that the collector has to scan, in small pieces.
func newLive() []*[64]*byte {
	live := make([]*[64]*byte, 1<<17)
	for i := range live {
		live[i] = new([64]*byte)
	}
	return live
}

// allocate makes 400 MB of garbage a second beside a live heap, on another goroutine until stop.
func allocate() (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	live := newLive()
	go func() {
		defer close(ended)
		defer runtime.KeepAlive(live)
		for start, i := time.Now(), 0; ; {
			for range 1000 {
				garbage[i%len(garbage)] = new([perRound]byte)
				i++
			}
			select {
			case <-end:
				return
			case <-time.After(time.Until(start.Add(time.Duration(i) * time.Microsecond))):
			}
		}
	}()
	return func() { close(end); <-ended }
}
