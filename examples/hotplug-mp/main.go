// Command hotplug-mp is DPDK's sample hotplug_mp in Go: a primary and secondaries attach and
// detach devices while they run. A device that one process attaches or detaches is attached or
// detached in all of them, programs in C included.
//
//	hotplug-mp                                       a primary and a secondary, for a short show
//	hotplug-mp --proc-type=primary [EAL options]     the primary
//	hotplug-mp --proc-type=secondary [EAL options]   a secondary
//
// The commands are help, attach DEVARGS, detach NAME, list and quit. Ctrl-C also ends it.
package main

import (
	"context"
	"fmt"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Main("hotplug-mp", launch, role) }

const help = "attach DEVARGS: attaches a device, such as net_null0,size=128\ndetach NAME: detaches it\nlist: lists all ports\n"

// role is the primary or a secondary: the commands are the same.
func role(ctx context.Context, rt *eal.Runtime, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected arguments %q: use EAL options only", args)
	}
	fmt.Printf("%v: ready\n", rt.ProcessType())
	app.Commands(ctx, "example> ", help, func(command, argument string) bool {
		switch {
		case command == "attach" && argument != "":
			attach(argument)
		case command == "detach" && argument != "":
			detach(argument)
		case command == "list":
			list()
		default:
			return false
		}
		return true
	})
	return nil
}
