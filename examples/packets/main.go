// Command packets shares packets between processes without copying them: a
// primary fills mbufs from a pool in hugepages, as a port would on receiving, and
// puts the pointers into rings; two secondaries swap each packet's Ethernet
// addresses in place and hand it back; the primary checks and frees it. In the
// end every mbuf is home.
//
//	packets                                      all three, for 5 seconds
//	packets [EAL options] -- [-seconds 5]        the primary
//	packets --proc-type=secondary [EAL options] -- -worker 1    a secondary
//
// Ctrl-C ends it without losing a packet.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

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
		fmt.Fprintln(os.Stderr, "packets:", err)
		os.Exit(1)
	}
}

// role runs this process as what its EAL options say it is.
func role(ctx context.Context) (err error) {
	rt, args, err := eal.InitArgs(os.Args)
	if err != nil {
		return err
	}
	defer func() {
		if e := rt.Close(); err == nil {
			err = e
		}
	}()
	flags := flag.NewFlagSet("packets", flag.ContinueOnError)
	seconds := flags.Float64("seconds", 5, "primary: how long to make packets; 0 is until Ctrl-C")
	worker := flags.Int("worker", 1, "secondary: which worker to be, 1 or 2")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if rt.ProcessType() == eal.Secondary {
		return secondary(ctx, rt, *worker)
	}
	return primary(ctx, time.Duration(*seconds*float64(time.Second)))
}
