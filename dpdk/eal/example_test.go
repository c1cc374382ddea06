package eal_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
)

// One program that is the primary when it starts first, and else a secondary.
func ExampleInit() {
	rt, err := eal.Init(eal.Config{ProcessType: eal.Auto, FilePrefix: "demo", NoPCI: true})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()

	switch rt.ProcessType() {
	case eal.Primary:
		fmt.Println("others can join at", rt.RuntimeDir())
	case eal.Secondary:
		fmt.Println("joined; the primary is alive:", rt.PrimaryAlive())
	}
}

// A program with DPDK's own command line: app -l 0-1 --no-pci -- app-options.
func ExampleInitArgs() {
	rt, rest, err := eal.InitArgs(os.Args)
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	fmt.Println("for the application:", rest)
}

// Errors name the fix, and errors.Is distinguishes them.
func ExampleInit_errors() {
	_, err := eal.Init(eal.Config{ProcessType: eal.Secondary, NoHuge: true})
	fmt.Println(errors.Is(err, dpdk.ErrNotShared))
	fmt.Println(err)

	_, err = eal.Init(eal.Config{ProcessType: eal.Secondary, FilePrefix: "nobody", NoPCI: true})
	fmt.Println(errors.Is(err, dpdk.ErrNoPrimary))
	// Output:
	// true
	// rte_eal_init: memory is not shared with other processes: invalid argument: --no-huge excludes --proc-type=secondary: drop one of them
	// true
}

// A secondary that is started before its primary waits for it.
func ExampleWaitPrimary() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	err := eal.WaitPrimary(ctx, "demo")
	fmt.Println(errors.Is(err, dpdk.ErrNoPrimary), errors.Is(err, context.DeadlineExceeded))
	// Output: true true
}
