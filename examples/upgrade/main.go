//go:build linux

// Command upgrade replaces each process of a pipeline while packets flow, and counts what that costs:
//
//	port a → rx → ring → work → ring → tx → port b
//
// A holder (examples/holder) has the ports and rings. The workers rx, work and tx are secondaries. The
// process traffic sends numbered packets into port a and checks those that leave port b.
//
//	upgrade [-kills 20] [-orders 20] [-holders 3]      the whole, with a table at the end
//	upgrade -role rx -prefix upgrade                   one worker; -role traffic is the other process
//
// Each worker has a place (package place), which the holder declares: the queue or ring that it takes packets from, and
// the one that it passes them on to. The packets in its hands are in a batch of the place, in shared memory. The primary
// finishes or undoes what a killed worker had begun on a ring, and its successor claims the place with the batch. So a
// worker between two rings loses nothing. A worker at a port can lose the packets of one burst: those that the driver has
// when the worker is killed. Their mbufs do not return to the pool. A worker that is asked to leave, by its successor
// (place.TakeOver) or by SIGTERM, leaves its batch to the successor, and loses nothing.
//
// The successor attaches, and waits for the place. With -cold the successor starts only after the end of its
// predecessor, as with a supervisor that keeps no spare process.
//
// Finally it kills the holder. A standby holder becomes the new primary, and all other processes start again.
package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/examples/internal/app"
)

// options are the flags.
type options struct {
	kills, orders, holders int
	cold                   bool
	holder                 string
	seed                   uint64

	role, prefix string
	takeOver     bool
	rate         int
	period, busy time.Duration
}

func main() {
	var o options
	flag.IntVar(&o.kills, "kills", 20, "how often to kill each worker")
	flag.IntVar(&o.orders, "orders", 20, "how often to replace each worker in order")
	flag.IntVar(&o.holders, "holders", 3, "how often to kill the holder")
	flag.BoolVar(&o.cold, "cold", false, "start the successor after the end of its predecessor")
	flag.StringVar(&o.holder, "holder", "", "the program of examples/holder (default: holder beside this program)")
	flag.Uint64Var(&o.seed, "seed", 0, "seed of the moments of kills (default: random)")
	flag.StringVar(&o.role, "role", "", "run one process: rx, work, tx or traffic")
	flag.StringVar(&o.prefix, "prefix", "upgrade", "with -role: the holder's file prefix")
	flag.BoolVar(&o.takeOver, "take-over", false, "with -role: ask the worker that has the place to leave, after a line on standard input")
	flag.IntVar(&o.rate, "rate", 100_000, "packets per second")
	flag.DurationVar(&o.busy, "busy", 20*time.Microsecond, "time that a worker spends on each burst, with the packets in its hands")
	flag.DurationVar(&o.period, "period", 0, "with -role traffic: time between two lines with the sums; 0 prints none")
	flag.Parse()
	app.Run("upgrade", func(ctx context.Context) error { return run(ctx, o) })
}

func run(ctx context.Context, o options) error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("%q: use flags only", flag.Arg(0))
	case o.kills < 0 || o.orders < 0 || o.holders < 0:
		return fmt.Errorf("-kills=%d -orders=%d -holders=%d: none can be negative", o.kills, o.orders, o.holders)
	case o.rate < 1:
		return fmt.Errorf("-rate=%d: use 1 or more", o.rate)
	case o.role == "":
		return launch(ctx, o)
	case o.role != "traffic" && !slices.Contains(order, o.role):
		return fmt.Errorf("-role=%s: use rx, work, tx or traffic", o.role)
	}
	args := []string{"upgrade", "--proc-type=secondary", "--file-prefix=" + o.prefix}
	return app.UnderEAL(ctx, args, func(ctx context.Context, _ *eal.Runtime, _ []string) error {
		if o.role == "traffic" {
			return traffic(ctx, o.rate, o.period)
		}
		return work(ctx, o.role, o.takeOver, o.busy)
	})
}
