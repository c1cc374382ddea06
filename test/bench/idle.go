package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"time"
	"unsafe"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/godpdk/godpdk/dpdk/doorbell"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// doorbells compares an enqueue that rings a doorbell at which nobody sleeps.
func doorbells() (contests []contest, err error) {
	r, raw, err := newRing[uintptr]("bench doorbell", 1024, ring.Single)
	if err != nil {
		return nil, err
	}
	v, err := memzone.CreateValue[doorbell.Doorbell]("bench doorbell", memzone.Config{})
	if err != nil {
		return nil, err
	}
	bell := v.Get()
	for _, burst := range []int{1, 32} {
		objs := make([]uintptr, burst)
		contests = append(contests, contest{
			group: "idle", name: "ring SP/SC enqueue + dequeue with a doorbell", burst: burst,
			c: func(iters int) { cloop.RingDoorbell(raw, unsafe.Pointer(&objs[0]), burst, bell.Pointer(), iters) },
			goNative: func(iters int) {
				for range iters {
					r.EnqueueBulk(objs)
					bell.Ring()
					r.DequeueBulk(objs)
				}
			},
		})
	}
	return contests, nil
}

// idler is what a poller does when its ring is empty.
type idler struct {
	name string
	new  func(*doorbell.Doorbell) func(moved int)
}

var idlers = []idler{
	{"spin", func(*doorbell.Doorbell) func(int) { return (&lcore.Idle{Spins: math.MaxInt}).After }},
	{"yield", func(*doorbell.Doorbell) func(int) { return (&lcore.Idle{Sleep: -1}).After }},
	{"sleep 20 µs", func(*doorbell.Doorbell) func(int) { return new(lcore.Idle).After }},
	{"sleep 1 ms", func(*doorbell.Doorbell) func(int) { return (&lcore.Idle{Sleep: time.Millisecond}).After }},
	{"doorbell", func(d *doorbell.Doorbell) func(int) { return (&lcore.Idle{Waiter: d.NewWaiter()}).After }},
	{"doorbell after 500 spins", func(d *doorbell.Doorbell) func(int) {
		return (&lcore.Idle{Spins: 500, Yields: -1, Waiter: d.NewWaiter()}).After
	}},
	{"doorbell at once", func(d *doorbell.Doorbell) func(int) {
		return (&lcore.Idle{Spins: -1, Yields: -1, Waiter: d.NewWaiter()}).After
	}},
	{"time.Sleep(20 µs)", func(*doorbell.Doorbell) func(int) {
		return func(moved int) {
			if moved == 0 {
				time.Sleep(20 * time.Microsecond)
			}
		}
	}},
}

const (
	idleZone = "bench idle" // the name of the doorbells and rings
	lastCall = math.MaxUint64
)

var (
	idleFor  = shorter(200*time.Millisecond, 20*time.Millisecond)
	requests = shorter(500, 10)
)

// idleBells are the doorbells of the process that answers, and of the one that asks, which never sleeps.
type idleBells struct{ answer, ask doorbell.Doorbell }

// idles measures pollers that are idle most of the time: the time until an answer to a request, when 0 to 2 ms have passed since
// the one before, and the CPU time of the process that answers, also before the first request. The process that asks polls.
func idles(rt *eal.Runtime) (rows []Row, err error) {
	if !wanted("idle") {
		return nil, nil
	}
	if _, err := memzone.CreateValue[idleBells](idleZone, memzone.Config{}); err != nil {
		return nil, err
	}
	for _, kind := range []string{" ask", " answer"} {
		if _, err := ring.Create[uint64](idleZone+kind, 64, ring.Config{Producer: ring.Single, Consumer: ring.Single}); err != nil {
			return nil, err
		}
	}
	unlocked(func() {
		var cpus lcore.CPUSet
		if cpus, err = lcore.ThreadCPUs(); err == nil && len(cpus) > 1 {
			heading("µs until an answer, and % of a CPU")
			rows, err = idleRows(rt.FilePrefix())
		}
	})
	return rows, err
}

func idleRows(prefix string) (rows []Row, err error) {
	var both []*secondary // the process that asks, and the one that answers
	defer func() { err = errors.Join(err, endAll(both)) }()
	for _, side := range []string{"asker", "answerer"} {
		s, _, err := attach(side, prefix)
		if err != nil {
			return nil, err
		}
		both = append(both, s)
	}
	columns := []struct{ name, unit string }{{"answer p50", "µs"}, {"answer p99", "µs"}, {"CPU, a request a ms", "%"}, {"CPU, no requests", "%"}}
	found := map[string][][]float64{}
	for range shorter(3, 1) {
		for n, i := range idlers {
			for _, s := range both {
				if _, err := fmt.Fprintln(s.in, n); err != nil {
					return nil, err
				}
			}
			var all []float64
			for _, s := range both {
				var some []float64
				line, err := s.out.ReadBytes('\n')
				if err == nil {
					err = json.Unmarshal(line, &some)
				}
				if err != nil {
					return nil, fmt.Errorf("%s: %w", i.name, err)
				}
				all = append(all, some...)
			}
			found[i.name] = append(found[i.name], all)
		}
	}
	for _, i := range idlers {
		for c, column := range columns {
			var values []float64
			for _, all := range found[i.name] {
				values = append(values, all[c])
			}
			r := Row{Group: "idle", Name: i.name + ": " + column.name, Burst: 1, Unit: column.unit}.measured(nil, values, nil)
			r.print()
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// idleSide finds the rings, pins the goroutine to the first or last CPU, and calls f with each number in the input.
func idleSide(last int, f func(n int, bells *idleBells, ask, answer *ring.Ring[uint64]) []float64) error {
	v, err := memzone.LookupValue[idleBells](idleZone)
	if err != nil {
		return err
	}
	ask, err := ring.Lookup[uint64](idleZone + " ask")
	if err != nil {
		return err
	}
	answer, err := ring.Lookup[uint64](idleZone + " answer")
	if err != nil {
		return err
	}
	cpus, err := lcore.ThreadCPUs()
	if err != nil {
		return err
	}
	unpin, err := lcore.Pin(lcore.CPUs(cpus[last*(len(cpus)-1)]))
	if err != nil {
		return err
	}
	defer unpin()
	for out := json.NewEncoder(os.Stdout); ; {
		var n int
		if _, err := fmt.Scanln(&n); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		// After the death of the other process a loop would not end.
		timeout := time.AfterFunc(patience, func() { must(fmt.Errorf("%s: not finished within %v", idlers[n].name, patience)) })
		found := f(n, v.Get(), ask, answer)
		timeout.Stop()
		if err := out.Encode(found); err != nil {
			return err
		}
	}
}

// asker sends requests, and nothing for some time before and after them. It returns the quantiles of the time until an answer.
func asker(context.Context) error {
	return idleSide(0, func(_ int, bells *idleBells, ask, answer *ring.Ring[uint64]) []float64 {
		h := hdrhistogram.New(1, int64(10*time.Second), 3)
		send := func(v uint64) {
			start := lcore.Cycles()
			ask.Enqueue(v)
			bells.answer.Ring()
			for _, ok := answer.Dequeue(); !ok; _, ok = answer.Dequeue() {
				lcore.Pause()
			}
			_ = h.RecordValue(int64(lcore.Duration(lcore.Cycles() - start)))
		}
		pause := func(d time.Duration) {
			for until := lcore.Cycles() + lcore.ToCycles(d); lcore.Cycles() < until; {
				lcore.Pause()
			}
		}
		send(0) // the other is ready
		pause(idleFor)
		send(1)
		h.Reset()
		for range requests {
			pause(time.Duration(rand.IntN(int(2 * time.Millisecond))))
			send(2)
		}
		found := []float64{float64(h.ValueAtQuantile(50)) / 1e3, float64(h.ValueAtQuantile(99)) / 1e3}
		send(lastCall)
		return found
	})
}

// answerer returns the CPU time in % during the requests, and while there were none.
func answerer(context.Context) error {
	return idleSide(1, func(n int, bells *idleBells, ask, answer *ring.Ring[uint64]) []float64 {
		after := idlers[n].new(&bells.answer)
		var begin [2]time.Time // of the time without requests, and with them
		var cpu [2]time.Duration
		for {
			v, ok := ask.Dequeue()
			if !ok {
				after(0)
				continue
			}
			if v < 2 {
				begin[v], cpu[v] = time.Now(), cpuTime()
			}
			answer.Enqueue(v)
			bells.ask.Ring()
			if v == lastCall {
				now, used := time.Now(), cpuTime()
				share := func(cpu, wall time.Duration) float64 { return 100 * float64(cpu) / float64(wall) }
				return []float64{share(used-cpu[1], now.Sub(begin[1])), share(cpu[1]-cpu[0], begin[1].Sub(begin[0]))}
			}
			after(1)
		}
	})
}
