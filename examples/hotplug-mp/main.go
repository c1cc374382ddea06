// Command hotplug-mp is DPDK's sample hotplug_mp in Go: a primary and secondaries
// attach and detach devices while they run, and what one of them does happens in all
// of them, programs in C included.
//
//	hotplug-mp                                       a primary and a secondary, for a short show
//	hotplug-mp --proc-type=primary [EAL options]     the primary
//	hotplug-mp --proc-type=secondary [EAL options]   a secondary
//
// The commands are help, attach DEVARGS, detach NAME, list and quit. Ctrl-C ends it,
// too.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/examples/internal/console"
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
		fmt.Fprintln(os.Stderr, "hotplug-mp:", err)
		os.Exit(1)
	}
}

// role runs this process as what its EAL options say it is: the commands are the same.
func role(ctx context.Context) (err error) {
	rt, args, err := eal.InitArgs(os.Args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	if len(args) > 0 {
		return fmt.Errorf("%q: there are no arguments but EAL's", args)
	}
	fmt.Printf("%v: ready\n", rt.ProcessType())

	lines := console.Lines()
	for {
		console.Prompt("example> ")
		select {
		case <-ctx.Done():
			return nil
		case <-rt.Context().Done():
			fmt.Println("the primary has gone")
			return nil
		case line, ok := <-lines:
			command, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case !ok || command == "quit":
				return nil
			case command == "":
			case command == "attach" && argument != "":
				attach(argument)
			case command == "detach" && argument != "":
				detach(argument)
			case command == "list":
				list()
			case command == "help":
				fmt.Print("attach DEVARGS: attaches a device, such as net_null0,size=128\n" +
					"detach NAME: detaches it\nlist: lists all ports\nhelp: shows this\nquit: ends this process\n")
			default:
				fmt.Printf("%q is no command: try help\n", line)
			}
		}
	}
}
