package main

import (
	"context"
	"fmt"
	"os"

	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// worker is the last lcore, on the CPU that pin takes; false if there is but one.
func worker() (int, bool) {
	ids := lcore.Workers()
	if len(ids) == 0 {
		return 0, false
	}
	return ids[len(ids)-1], true
}

// must ends a benchmark whose numbers would be wrong.
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

// polls is so many polls that a launch is nothing beside them.
const polls = 20_000

// lcores compares launching, and polling on an lcore with polling on a goroutine
// that is locked to its thread, on the same CPU: that stands in the column of C.
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
	_ = cancel // as a poller's context, which could end
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
		{group: "lcore", name: "launch + wait, empty", burst: 1, c: func(iters int) { cloop.LaunchWait(id, iters) }, goNative: empty, cgo: empty},
		{group: "lcore", name: "20,000 polls; C: goroutine", burst: 32, c: poll, goNative: lcorePoll, cgo: lcorePoll},
	}, nil
}
