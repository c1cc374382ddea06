// Command symmetric-mp is DPDK's sample of that name in Go: a primary and
// secondaries, separate OS processes, share ports that have a queue for each of
// them, and all do the same: what a process receives on its queue of a port leaves
// by its queue of the port's partner. They count in a memzone that all of them see.
//
//	symmetric-mp                       three processes on two net_ring ports, for 5 seconds
//	symmetric-mp [EAL options] -- -processes 3 [-seconds 5]    the primary
//	symmetric-mp --proc-type=secondary [EAL options] -- -process 1    a secondary
//
// The ports are those of EAL's options, such as --vdev=net_ring0. A net_ring port
// receives on a queue what was sent there, so packets that the primary puts in
// (-seed) go round until the end, when all must be there.
//
// Start secondaries when the primary says that it is ready: DPDK shows a process
// the queues that the ports have when it starts. Ctrl-C ends it without losing a
// packet.
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

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
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
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "symmetric-mp:", err)
		os.Exit(1)
	}
}

// role runs this process as what its EAL options say it is.
func role(ctx context.Context) (err error) {
	rt, args, err := eal.InitArgs(os.Args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	flags := flag.NewFlagSet("symmetric-mp", flag.ContinueOnError)
	processes := flags.Int("processes", 1, "primary: how many processes share the ports, itself included")
	seconds := flags.Float64("seconds", 5, "primary: how long to run; 0 is until Ctrl-C")
	seed := flags.Int("seed", 0, "primary: packets to put into each queue of the first port")
	process := flags.Int("process", 1, "secondary: which process to be, from 1")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ports, err := ethdev.List()
	if err != nil {
		return err
	}
	if len(ports) == 0 || len(ports)%2 != 0 || len(ports) > maxPorts {
		return fmt.Errorf("there are %d ports: give EAL pairs of them, up to %d, such as --vdev=net_ring0 --vdev=net_ring1", len(ports), maxPorts)
	}
	if rt.ProcessType() == eal.Secondary {
		return secondary(ctx, rt, ports, *process)
	}
	if *processes < 1 || *processes > maxProcesses {
		return fmt.Errorf("-processes=%d: use 1 to %d", *processes, maxProcesses)
	}
	if *seed < 0 || *seed > maxSeed {
		return fmt.Errorf("-seed=%d: use 0 to %d", *seed, maxSeed)
	}
	return primary(ctx, ports, *processes, *seed, time.Duration(*seconds*float64(time.Second)))
}
