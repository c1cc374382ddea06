// Command client-server-mp is DPDK's sample client_server_mp in Go. A server, the primary,
// receives the packets of ports and distributes them to its clients in turn, over one ring for
// each client. A client sends its packets by its own queue of the port's partner. Names, rings and
// counters in shared memory are those of the sample in C, so a server in Go works with clients in
// C and the reverse.
//
//	client-server-mp                     a server and two clients, one of which dies and comes back
//	client-server-mp [EAL options] -- -p 3 -n 2 [-seconds 0] [-period 1s]    the server
//	client-server-mp --proc-type=secondary [EAL options] -- -n 0             client 0
//
// EAL's options name the ports, such as --vdev=net_null0 --vdev=net_null1.
//
// A client may end, or be killed, and start again while the server runs. The server prints it.
// The ring keeps its packets for the client's successor, and the server drops and counts the
// packets that do not fit. (The server does not empty the ring: it would be a second consumer.) The
// pool loses the packets that a killed client held: at most a burst, and one more for each port.
//
// A killed client must not stop the other processes. Its ring has one producer and one consumer,
// so it cannot. The pool could, so the server creates a pool on a lock-free stack without caches of
// lcores. (The server in C uses a ring and caches. A client that is killed while it frees packets
// there can stop all others.)
//
// End clients before the server. Ctrl-C ends all of them.
package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Main("client-server-mp", launch, role) }

// role is the server or a client.
func role(ctx context.Context, rt *eal.Runtime, args []string) error {
	flags := flag.NewFlagSet("client-server-mp", flag.ContinueOnError)
	mask := flags.String("p", "", "server: hexadecimal mask of the ports to use, such as 3 for ports 0 and 1")
	n := flags.Int("n", 0, "server: how many clients; client: which one to be, from 0")
	seconds := app.Seconds(flags, 0, "server: how long to run; 0 is until Ctrl-C")
	period := flags.Duration("period", time.Second, "server: time between two tables; 0 shows one at the end")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if rt.ProcessType() == eal.Secondary {
		return client(ctx, rt, *n)
	}
	if *n < 1 || *n > maxClients {
		return fmt.Errorf("-n=%d: use 1 to %d clients", *n, maxClients)
	}
	if *period < 0 {
		return fmt.Errorf("-period=%v is negative", *period)
	}
	ports, err := masked(*mask)
	if err != nil {
		return err
	}
	ctx, cancel := app.Limit(ctx, *seconds)
	defer cancel()
	return serve(ctx, rt, ports, *n, *period)
}

// masked returns the ports that the mask selects, bit N for port N.
func masked(mask string) (ports []*ethdev.Port, err error) {
	bits, err := strconv.ParseUint(mask, 16, 64)
	if err != nil {
		return nil, fmt.Errorf("-p=%q: use a hexadecimal mask of ports, such as 3", mask)
	}
	all, err := ethdev.List()
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if bits>>p.ID()&1 == 1 {
			ports = append(ports, p)
		}
	}
	if len(ports) == 0 || len(ports)%2 != 0 {
		return nil, fmt.Errorf("-p=%s selects %d of %d ports: select pairs of ports", mask, len(ports), len(all))
	}
	return ports, nil
}
