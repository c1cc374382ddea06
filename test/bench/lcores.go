package main

import (
	"context"
	"fmt"
	"os"

	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// worker returns the last lcore, on the CPU that pin uses. It returns false if EAL has one lcore.
func worker() (int, bool) {
	ids := lcore.Workers()
	if len(ids) == 0 {
		return 0, false
	}
	return ids[len(ids)-1], true
}

// must ends the benchmark after an error: its results would be wrong.
func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func onLcore(id int, f func()) {
	t, err := lcore.Launch(context.Background(), id, func(context.Context) error { f(); return nil })
	must(err)
	must(t.Wait(context.Background()))
}

// polls is the number of polls in a launch: the cost of the launch is negligible then.
const polls = 20_000

// lcores compares launches. It also compares polling on an lcore with polling on a goroutine that is
// locked to its thread, on the same CPU; the column of C has the goroutine.
func lcores() ([]contest, error) {
	id, ok := worker()
	if !ok {
		return nil, nil
	}
	empty := func(iters int) {
		for range iters {
			onLcore(id, func() {})
		}
	}
	r, err := ring.Create[uintptr]("bench polled", 1024, ring.Config{Producer: ring.Single, Consumer: ring.Single})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel // a poller's context can be cancelled
	objs := make([]uintptr, 32)
	poll := func(iters int) {
		for range iters * polls {
			if ctx.Err() != nil || r.DequeueBurst(objs) != 0 {
				return
			}
		}
	}
	lcorePoll := func(iters int) { onLcore(id, func() { poll(iters) }) }
	return []contest{
		{group: "lcore", name: "launch + wait, empty", burst: 1, c: func(iters int) { cloop.LaunchWait(id, iters) }, goNative: empty},
		{group: "lcore", name: "20,000 polls; C: goroutine", burst: 32, c: poll, goNative: lcorePoll},
	}, nil
}
