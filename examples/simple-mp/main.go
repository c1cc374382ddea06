// Command simple-mp is DPDK's sample simple_mp in Go: two processes, a primary and a
// secondary, send each other the lines that are typed into them. A message is an
// object of a mempool, whose address goes through a ring; whoever receives it puts it
// back. Names and sizes are those of the sample in C, so that either process can be
// the one of C.
//
//	simple-mp                                       both processes, for a short talk
//	simple-mp --proc-type=primary [EAL options]     the primary
//	simple-mp --proc-type=secondary [EAL options]   the secondary
//
// The commands are help, send TEXT and quit. Ctrl-C ends it, too.
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

	"github.com/godpdk/godpdk/dpdk"
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
		fmt.Fprintln(os.Stderr, "simple-mp:", err)
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
	if len(args) > 0 {
		return fmt.Errorf("%q: there are no arguments but EAL's", args)
	}
	var box *mailbox
	if rt.ProcessType() == eal.Primary {
		box, err = create()
	} else {
		box, err = lookup()
	}
	if err != nil {
		return err
	}
	fmt.Println("Finished Process Init.")

	ctx, quit := context.WithCancelCause(ctx)
	defer context.AfterFunc(rt.Context(), func() { quit(context.Cause(rt.Context())) })()
	received := make(chan struct{})
	go func() {
		defer close(received)
		box.receive(ctx)
	}()
	err = talk(ctx, box)
	quit(nil)
	<-received // it touches no shared memory any more
	return err
}

// talk runs the commands that are typed until quit, the end of the input, or ctx's.
func talk(ctx context.Context, box *mailbox) error {
	lines := console.Lines()
	for {
		console.Prompt("simple_mp > ")
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), dpdk.ErrPrimaryGone) {
				fmt.Println("the primary has gone")
			}
			return nil
		case line, ok := <-lines:
			command, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case !ok || command == "quit":
				return nil
			case command == "":
			case command == "send" && text != "":
				if err := box.send(text); err != nil {
					fmt.Println("not sent:", err)
				}
			case command == "help":
				fmt.Print("send TEXT: sends the text to the other process\nhelp: shows this\nquit: ends this process\n")
			default:
				fmt.Printf("%q is no command: try help\n", line)
			}
		}
	}
}
