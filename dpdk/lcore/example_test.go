package lcore_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/lcore"
)

// A function runs on an lcore. Another one panics.
func ExampleLaunch() {
	ctx := context.Background()
	t, err := lcore.Launch(ctx, 1, func(ctx context.Context) error {
		id, _ := lcore.Current()
		fmt.Println("on lcore", id)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(t.Wait(ctx))

	cause := errors.New("bad packet")
	t, err = lcore.Launch(ctx, 1, func(context.Context) error { panic(cause) })
	if err != nil {
		log.Fatal(err)
	}
	err = t.Wait(ctx)
	var p *lcore.PanicError
	fmt.Println(errors.Is(err, cause), errors.As(err, &p) && p.Lcore == 1)
	// Output:
	// on lcore 1
	// <nil>
	// true true
}

// A goroutine waits for another one, which stores soon.
func ExamplePause() {
	var ready atomic.Bool
	go ready.Store(true)
	polls := 0
	for ; !ready.Load() && polls < 1e9; polls++ {
		lcore.Pause()
	}
	fmt.Println(polls < 1e9)
	// Output: true
}

// A goroutine polls on a CPU of its own, without being an lcore.
func ExamplePin() {
	mine, err := lcore.ThreadCPUs()
	if err != nil {
		log.Fatal(err)
	}
	unpin, err := lcore.Pin(mine[:1])
	if err != nil {
		log.Fatal(err)
	}
	defer unpin()
	now, _ := lcore.ThreadCPUs()
	fmt.Println(len(now), "CPU")
	// Output: 1 CPU
}

// Each lcore has a value of its own.
func ExampleVar() {
	counts := lcore.NewVar[int]()
	ctx := context.Background()
	tasks, err := lcore.LaunchWorkers(ctx, func(context.Context) error {
		id, _ := lcore.Current()
		*counts.Own() += 10 * id
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := tasks.Wait(ctx); err != nil {
		log.Fatal(err)
	}
	for _, id := range lcore.Workers() {
		fmt.Println(id, *counts.Of(id))
	}
	// Output:
	// 1 10
	// 2 20
	// 3 30
}

func ExampleParseLcores() {
	lcores, err := lcore.ParseLcores("0-1,(2,3)@(4-5)")
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range lcores {
		fmt.Printf("lcore %d on CPUs %v\n", l.ID, l.CPUs)
	}
	fmt.Println(lcores)
	// Output:
	// lcore 0 on CPUs 0
	// lcore 1 on CPUs 1
	// lcore 2 on CPUs 4,5
	// lcore 3 on CPUs 4,5
	// 0,1,(2,3)@(4,5)
}
