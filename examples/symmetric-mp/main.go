// Command symmetric-mp is DPDK's sample of that name in Go: a primary and secondaries, separate
// OS processes, share ports. Each port has a queue for each process, and all processes do the
// same: a process sends the packets from its queue of a port to its queue of the port's partner.
// They count in a memzone that all of them map.
//
//	symmetric-mp                       three processes on two net_ring ports, for 5 seconds
//	symmetric-mp [EAL options] -- -processes 3 [-seconds 5]    the primary
//	symmetric-mp --proc-type=secondary [EAL options] -- -process 1    a secondary
//
// EAL's options name the ports, such as --vdev=net_ring0. A net_ring port receives on a queue
// the packets that were sent to it. So packets that the primary puts in (-seed) circulate until
// the end, when all must be there.
//
// Start secondaries after the primary has printed that it is ready: DPDK shows a process the
// queues that the ports have when it starts. Ctrl-C ends it without losing a packet.
package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Main("symmetric-mp", launch, role) }

// role is the primary or a secondary.
func role(ctx context.Context, rt *eal.Runtime, args []string) error {
	flags := flag.NewFlagSet("symmetric-mp", flag.ContinueOnError)
	processes := flags.Int("processes", 1, "primary: how many processes share the ports, itself included")
	seconds := app.Seconds(flags, 5, "primary: how long to run; 0 is until Ctrl-C")
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
		return fmt.Errorf("found %d ports: give EAL pairs of them, up to %d, such as --vdev=net_ring0 --vdev=net_ring1", len(ports), maxPorts)
	}
	if rt.ProcessType() == eal.Secondary {
		return secondary(ctx, ports, *process)
	}
	if *processes < 1 || *processes > maxProcesses {
		return fmt.Errorf("-processes=%d: use 1 to %d", *processes, maxProcesses)
	}
	if *seed < 0 || *seed > maxSeed {
		return fmt.Errorf("-seed=%d: use 0 to %d", *seed, maxSeed)
	}
	return primary(ctx, rt, ports, *processes, *seed, *seconds)
}
