// Command simple-mp is DPDK's sample simple_mp in Go: a primary and a secondary send each
// other the lines that are typed into them. A message is an object of a mempool. Its address
// goes through a ring, and the receiver puts the object back. Names and sizes are those of the
// sample in C, so either process can be the one in C.
//
//	simple-mp                                       both processes, for a short talk
//	simple-mp --proc-type=primary [EAL options]     the primary
//	simple-mp --proc-type=secondary [EAL options]   the secondary
//
// The commands are help, send TEXT and quit. Ctrl-C also ends it.
package main

import (
	"context"
	"fmt"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Main("simple-mp", launch, role) }

// role is the primary or the secondary.
func role(ctx context.Context, rt *eal.Runtime, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected arguments %q: use EAL options only", args)
	}
	open := lookup
	if rt.ProcessType() == eal.Primary {
		open = create
	}
	box, err := open()
	if err != nil {
		return err
	}
	fmt.Println(ready)

	ctx, quit := context.WithCancel(ctx)
	received := make(chan struct{})
	go func() {
		defer close(received)
		box.receive(ctx)
	}()
	app.Commands(ctx, "simple_mp > ", "send TEXT: sends the text to the other process\n", func(command, text string) bool {
		if command != "send" || text == "" {
			return false
		}
		if err := box.send(text); err != nil {
			fmt.Println("not sent:", err)
		}
		return true
	})
	quit()
	<-received // EAL must not stop while receive uses shared memory
	return nil
}
