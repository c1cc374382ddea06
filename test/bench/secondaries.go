package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// shared are the objects that all secondaries use at once, by the word for them in a command.
var shared = []struct{ key, name string }{
	{"MP/MC", "ring MP/MC, shared"},
	{"RTS", "ring RTS, shared"},
	{"HTS", "ring HTS, shared"},
	{"pool", "pool without caches, shared"},
}

// secondaries is the curve of the group "scale" over the number of processes that use one ring or one
// pool. They run on all CPUs, as the kernel decides. A row has the time that all of them together need
// for one operation.
func secondaries(rt *eal.Runtime) (rows []Row, err error) {
	if !wanted("scale") {
		return nil, nil
	}
	for _, mode := range []ring.Sync{ring.Multi, ring.RTS, ring.HTS} {
		key := map[ring.Sync]string{ring.Multi: "MP/MC", ring.RTS: "RTS", ring.HTS: "HTS"}[mode]
		if _, err := ring.Create[uintptr]("shared "+key, 4096, ring.Config{Producer: mode, Consumer: mode}); err != nil {
			return nil, err
		}
	}
	if _, err := mempool.Create("shared pool", 4095, 64, mempool.Config{}); err != nil {
		return nil, err
	}
	heading(fmt.Sprintf("ns per operation of %d, and processes on %d CPUs", bulk, runtime.NumCPU()))
	unlocked(func() { rows, err = overSecondaries(rt.FilePrefix()) })
	return rows, err
}

func overSecondaries(prefix string) (rows []Row, err error) {
	var there []*secondary
	defer func() { err = errors.Join(err, endAll(there)) }()
	for _, n := range shorter([]int{1, 2, 4, 8, 16, 32}, []int{1, 2}) {
		if there, err = attachUpTo(n, there, prefix); err != nil {
			return rows, err
		}
		for _, object := range shared {
			took := map[string][]float64{}
			for range shorter(5, 1) {
				for _, language := range []string{"c", "go"} {
					ns, err := together(there, object.key, language)
					if err != nil {
						return rows, err
					}
					took[language] = append(took[language], ns)
				}
			}
			r := Row{Group: "scale", Name: object.name, Burst: bulk, Axis: "processes", X: float64(n)}.measured(took["c"], took["go"], nil)
			r.print()
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// together lets the secondaries work for some time, and returns the ns of one operation.
func together(all []*secondary, object, language string) (float64, error) {
	const soon = 10 * time.Millisecond // after it, all have read the command
	begin := lcore.Cycles() + lcore.ToCycles(soon)
	end := begin + lcore.ToCycles(shorter(100*time.Millisecond, 5*time.Millisecond))
	for _, s := range all {
		if _, err := fmt.Fprintln(s.in, object, language, begin, end); err != nil {
			return 0, err
		}
	}
	perNs := 0.0
	for _, s := range all {
		n, err := s.number()
		if err != nil {
			return 0, fmt.Errorf("%s in %s: %w", object, language, err)
		}
		perNs += n
	}
	return 1 / perNs, nil
}

// work is the secondary's side: it executes commands until its input ends, and prints operations per
// ns. Cycles are the same in all processes. The time begins with the command's, also if the kernel runs this process later:
// otherwise the sum over processes that run after each other would be too large.
func work(context.Context) error {
	loops := map[string]untilLoop{} // made at the first command: the objects exist then
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var object, language string
		var begin, end uint64
		if _, err := fmt.Sscan(in.Text(), &object, &language, &begin, &end); err != nil {
			return err
		}
		key := object + " " + language
		if loops[key] == nil {
			c, goNative, err := sharedLoops(object)
			if err != nil {
				return err
			}
			loops[object+" c"], loops[object+" go"] = c, goNative
		}
		for lcore.Cycles() < begin {
			runtime.Gosched()
		}
		n := loops[key](end)
		fmt.Println(float64(n) / float64(lcore.Duration(lcore.Cycles()-begin)))
	}
	return in.Err()
}

// untilLoop runs an operation until the end, in cycles, and returns how often.
type untilLoop func(end uint64) int

func sharedLoops(object string) (c, goNative untilLoop, err error) {
	words := make([]uintptr, bulk)
	p := unsafe.Pointer(&words[0])
	if object == "pool" {
		pool, err := mempool.Lookup("shared pool")
		if err != nil {
			return nil, nil, err
		}
		objs := make([]mempool.Object, bulk)
		c = func(end uint64) int { return cloop.MempoolUntil(pool.Pointer(), p, bulk, end) }
		return c, until(func() {
			pool.GetBulk(objs)
			pool.PutBulk(objs)
		}), nil
	}
	r, err := ring.Lookup[uintptr]("shared " + object)
	if err != nil {
		return nil, nil, err
	}
	c = func(end uint64) int { return cloop.RingUntil(r.Pointer(), object == "MP/MC", p, bulk, end) }
	return c, until(func() {
		r.EnqueueBulk(words)
		r.DequeueBulk(words)
	}), nil
}

// until reads the clock after each fourth operation, as the loops in C do.
func until(operation func()) untilLoop {
	return func(end uint64) (n int) {
		for ok := true; ok; ok = lcore.Cycles() < end {
			for range 4 {
				operation()
			}
			n += 4
		}
		return n
	}
}
