// Command rings is DPDK's classic multi-process program in Go: a primary and two secondaries,
// separate OS processes, exchange typed messages over single-producer, single-consumer rings in
// hugepages. They count the messages in a memzone that all of them map.
//
//	rings                                      all three, for 5 seconds
//	rings [EAL options] -- [-seconds 5] [-period 1s]    the primary
//	rings --proc-type=secondary [EAL options] -- -worker 1    a secondary
//
// Ctrl-C ends it without losing a message. A killed worker may be started again: its successor
// gets the messages for which the primary has no receipt.
package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Main("rings", app.Workers("rings", workers), role) }

// role is the primary or a worker.
func role(ctx context.Context, rt *eal.Runtime, args []string) error {
	flags := flag.NewFlagSet("rings", flag.ContinueOnError)
	seconds := app.Seconds(flags, 5, "primary: how long to send; 0 is until Ctrl-C")
	period := flags.Duration("period", time.Second, "primary: time between two lines of rates")
	worker := flags.Int("worker", 1, "secondary: which worker to be, 1 or 2")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if rt.ProcessType() == eal.Secondary {
		return secondary(ctx, rt, *worker)
	}
	if *period <= 0 {
		return fmt.Errorf("-period=%v: use a positive time", *period)
	}
	return primary(ctx, *seconds, *period)
}
