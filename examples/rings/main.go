// Command rings is DPDK's classic multi-process program in Go: a primary and
// two secondaries, separate OS processes, exchange typed messages over
// single-producer, single-consumer rings in hugepages, and count them in a
// memzone that all of them see.
//
//	rings                                      all three, for 5 seconds
//	rings [EAL options] -- [-seconds 5]        the primary
//	rings --proc-type=secondary [EAL options] -- -worker 1    a secondary
//
// Ctrl-C ends it without losing a message. A worker may be killed and started
// again: its successor gets what the primary has no receipt for.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// EAL's log at start is for when something fails, and the error holds it.
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))

	var err error
	if len(os.Args) == 1 {
		err = launch(ctx)
	} else {
		err = role(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rings:", err)
		os.Exit(1)
	}
}

// start starts EAL. A secondary may come before its primary, as it does in
// containers that start side by side.
func start(ctx context.Context) (rt *eal.Runtime, args []string, err error) {
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		rt, args, err = eal.InitArgs(os.Args)
		if !errors.Is(err, dpdk.ErrNoPrimary) || ctx.Err() != nil || time.Since(begin) > patience {
			return rt, args, err
		}
	}
}

// role runs this process as what its EAL options say it is.
func role(ctx context.Context) (err error) {
	rt, args, err := start(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if e := rt.Close(); err == nil {
			err = e
		}
	}()
	flags := flag.NewFlagSet("rings", flag.ContinueOnError)
	seconds := flags.Float64("seconds", 5, "primary: how long to send; 0 is until Ctrl-C")
	worker := flags.Int("worker", 1, "secondary: which worker to be, 1 or 2")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if rt.ProcessType() == eal.Secondary {
		return secondary(ctx, rt, *worker)
	}
	return primary(ctx, time.Duration(*seconds*float64(time.Second)))
}
