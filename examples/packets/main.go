// Command packets shares packets between processes without copying them. A primary fills mbufs
// from a pool in hugepages, as a port does when it receives, and enqueues their pointers to
// rings. Two secondaries swap the Ethernet addresses of each packet in place and send the pointer
// back. The primary checks and frees the packet. At the end every mbuf is back in the pool.
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

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Main("packets", app.Workers("packets", workers), role) }

// role is the primary or a worker.
func role(ctx context.Context, rt *eal.Runtime, args []string) error {
	flags := flag.NewFlagSet("packets", flag.ContinueOnError)
	seconds := app.Seconds(flags, 5, "primary: how long to make packets; 0 is until Ctrl-C")
	worker := flags.Int("worker", 1, "secondary: which worker to be, 1 or 2")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if rt.ProcessType() == eal.Secondary {
		return secondary(ctx, rt, *worker)
	}
	return primary(ctx, *seconds)
}
