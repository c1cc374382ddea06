package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
	"unsafe"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

const (
	pause    = 2 * time.Microsecond    // between two bursts that have time stamps: each finds an empty ring
	patience = time.Minute             // for an order
	enough   = 1200 * time.Millisecond // for the rounds of an order, on a busy machine
)

var stamped = shorter(30_000, 1_000) // bursts of a measurement of latency

// latencies are the quantiles in the rows.
var latencies = []float64{50, 99, 99.99}

// order is what the two processes do next.
type order struct {
	Mode          string
	Burst, Bursts int
	Stamped       bool     // measure the latency, not the throughput
	Languages     []string // of the sender and the receiver
}

// pairs measures one ring between two processes, on the first and the last CPU: from C to C, from Go to
// Go, and in the column of cgo between Go and C. Without stamps the receiver measures the time for one burst.
// With stamps the latency is the time from just before the enqueue until the burst is out of the ring.
func pairs(rt *eal.Runtime) (rows []Row, err error) {
	if !wanted("pair") {
		return nil, nil
	}
	unlocked(func() {
		var cpus lcore.CPUSet
		if cpus, err = lcore.ThreadCPUs(); err == nil && len(cpus) > 1 {
			heading("ns from process to process, and burst")
			rows, err = overPair(rt.FilePrefix())
		}
	})
	return rows, err
}

func overPair(prefix string) (rows []Row, err error) {
	var both []*secondary // the sender and the receiver
	defer func() { err = errors.Join(err, endAll(both)) }()
	for _, side := range []string{"sender", "receiver"} {
		s, _, err := attach(side, prefix)
		if err != nil {
			return nil, err
		}
		both = append(both, s)
	}
	for _, mode := range []ring.Sync{ring.Single, ring.Multi} {
		name := map[ring.Sync]string{ring.Single: "SP/SC", ring.Multi: "MP/MC"}[mode]
		if _, err := ring.Create[uint64](pairRing(name), 1024, ring.Config{Producer: mode, Consumer: mode}); err != nil {
			return rows, err
		}
		for _, burst := range []int{1, 8, 32, 128} {
			some, err := throughput(both, order{Mode: name, Burst: burst, Bursts: shorter(1<<20, 1<<14) / (burst + 8)})
			if err != nil {
				return rows, err
			}
			more, err := latency(both, order{Mode: name, Burst: burst, Bursts: stamped, Stamped: true})
			if err != nil {
				return rows, err
			}
			rows = append(rows, append(some, more...)...)
		}
	}
	return rows, nil
}

func pairRing(mode string) string { return "pair " + mode }

func throughput(both []*secondary, o order) ([]Row, error) {
	return inTurns(both, o, min(rounds, 21), []string{"ring " + o.Mode + ", throughput"})
}

func latency(both []*secondary, o order) ([]Row, error) {
	var names []string
	for _, q := range latencies {
		names = append(names, fmt.Sprintf("ring %s, latency p%v", o.Mode, q))
	}
	return inTurns(both, o, min(rounds, 5), names)
}

// inTurns executes an order in all languages, and makes a row of each number that the receiver returns.
func inTurns(both []*secondary, o order, rounds int, names []string) (rows []Row, err error) {
	var columns [3][][]float64
	begin := time.Now()
	for i := range rounds {
		if i > 1 && time.Since(begin) > enough {
			break
		}
		mixed := []string{"go", "c"}
		if i%2 == 1 {
			slices.Reverse(mixed)
		}
		for column, languages := range [][]string{{"c", "c"}, {"go", "go"}, mixed} {
			o.Languages = languages
			found, err := o.execute(both)
			if err != nil {
				return nil, fmt.Errorf("%+v: %w", o, err)
			}
			columns[column] = append(columns[column], found)
		}
	}
	for i, name := range names {
		var values [3][]float64
		for column, all := range columns {
			for _, found := range all {
				values[column] = append(values[column], found[i])
			}
		}
		r := Row{Group: "pair", Name: name, Burst: o.Burst, Third: "Go and C, each way in turns"}.measured(values[0], values[1], values[2])
		r.print()
		rows = append(rows, r)
	}
	return rows, nil
}

// execute sends the order to the sender and the receiver, and returns the numbers of the receiver.
func (o order) execute(both []*secondary) (found []float64, err error) {
	for _, s := range both {
		if err := json.NewEncoder(s.in).Encode(o); err != nil {
			return nil, err
		}
	}
	for _, s := range both {
		line, err := s.out.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(line, &found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// sender is the process that enqueues.
func sender(context.Context) error {
	return obey(0, func(o order, r *ring.Ring[uint64], objs []uint64) []float64 {
		multi, p, every := r.Producer() == ring.Multi, unsafe.Pointer(&objs[0]), lcore.ToCycles(pause)
		switch inC := o.Languages[0] == "c"; {
		case inC && o.Stamped:
			cloop.SendStamped(r.Pointer(), multi, p, o.Burst, o.Bursts, every)
		case inC:
			cloop.Send(r.Pointer(), multi, p, o.Burst, o.Bursts)
		case o.Stamped:
			sendStamped(r, objs, o.Bursts, every)
		case o.Burst == 1:
			sendOne(r, objs[0], o.Bursts)
		default:
			send(r, objs, o.Bursts)
		}
		return nil
	})
}

// receiver is the process that dequeues and measures.
func receiver(context.Context) error {
	took := make([]uint32, stamped)
	return obey(1, func(o order, r *ring.Ring[uint64], objs []uint64) []float64 {
		multi, p := r.Consumer() == ring.Multi, unsafe.Pointer(&objs[0])
		var cycles uint64
		switch inC := o.Languages[1] == "c"; {
		case inC && o.Stamped:
			cloop.ReceiveStamped(r.Pointer(), multi, p, o.Burst, took)
		case inC:
			cycles = cloop.Receive(r.Pointer(), multi, p, o.Burst, o.Bursts)
		case o.Stamped:
			receiveStamped(r, objs, took)
		case o.Burst == 1:
			cycles = receiveOne(r, o.Bursts)
		default:
			cycles = receive(r, objs, o.Bursts)
		}
		if o.Stamped {
			return quantiles(took)
		}
		return []float64{float64(lcore.Duration(cycles)) / float64(o.Bursts-1)}
	})
}

// quantiles returns those of latencies, in ns.
func quantiles(took []uint32) (found []float64) {
	h := hdrhistogram.New(1, int64(10*time.Second), 3)
	for _, cycles := range took {
		_ = h.RecordValue(int64(lcore.Duration(uint64(cycles))))
	}
	for _, q := range latencies {
		found = append(found, float64(h.ValueAtQuantile(q)))
	}
	return found
}

// obey executes orders on the first or the last CPU until the input ends.
func obey(last int, execute func(o order, r *ring.Ring[uint64], objs []uint64) []float64) error {
	cpus, err := lcore.ThreadCPUs()
	if err != nil {
		return err
	}
	unpin, err := lcore.Pin(lcore.CPUs(cpus[last*(len(cpus)-1)]))
	if err != nil {
		return err
	}
	defer unpin()
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var o order
		if err := in.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		r, err := ring.Lookup[uint64](pairRing(o.Mode))
		if err != nil {
			return err
		}
		// After the death of the other process a loop would not end.
		timeout := time.AfterFunc(patience, func() { must(fmt.Errorf("%+v: not finished within %v", o, patience)) })
		found := execute(o, r, make([]uint64, o.Burst))
		timeout.Stop()
		if err := out.Encode(found); err != nil {
			return err
		}
	}
}

// The loops of package cloop in Go. Those for one element use the calls for one element.

func send(r *ring.Ring[uint64], objs []uint64, bursts int) {
	for range bursts {
		for r.EnqueueBulk(objs) == 0 {
			lcore.Pause()
		}
	}
}

func receive(r *ring.Ring[uint64], objs []uint64, bursts int) uint64 {
	start := uint64(0)
	for i := range bursts {
		for r.DequeueBulk(objs) == 0 {
			lcore.Pause()
		}
		if i == 0 {
			start = lcore.Cycles()
		}
	}
	return lcore.Cycles() - start
}

func sendOne(r *ring.Ring[uint64], obj uint64, bursts int) {
	for range bursts {
		for !r.Enqueue(obj) {
			lcore.Pause()
		}
	}
}

func receiveOne(r *ring.Ring[uint64], bursts int) uint64 {
	start := uint64(0)
	for i := range bursts {
		for {
			if _, ok := r.Dequeue(); ok {
				break
			}
			lcore.Pause()
		}
		if i == 0 {
			start = lcore.Cycles()
		}
	}
	return lcore.Cycles() - start
}

func sendStamped(r *ring.Ring[uint64], objs []uint64, bursts int, every uint64) {
	last := lcore.Cycles()
	for range bursts {
		now := lcore.Cycles()
		for now-last < every {
			now = lcore.Cycles()
		}
		last = now
		objs[len(objs)-1] = now
		for r.EnqueueBulk(objs) == 0 {
			lcore.Pause()
		}
	}
}

func receiveStamped(r *ring.Ring[uint64], objs []uint64, took []uint32) {
	for i := range took {
		for r.DequeueBulk(objs) == 0 {
			lcore.Pause()
		}
		took[i] = uint32(min(lcore.Cycles()-objs[len(objs)-1], 1<<32-1))
	}
}
