// Command client-server-mp is DPDK's sample client_server_mp in Go: a server, the
// primary, receives the packets of ports and deals them to clients in turn, over a
// ring for each; a client sends what it gets by its own queue of the port's partner.
// Names, rings and counters in shared memory are those of the sample in C, so that a
// server in Go has clients in C and the reverse.
//
//	client-server-mp                     a server and two clients, one of which dies and comes back
//	client-server-mp [EAL options] -- -p 3 -n 2 [-seconds 0] [-period 1s]    the server
//	client-server-mp --proc-type=secondary [EAL options] -- -n 0             client 0
//
// The ports are those of EAL's options, such as --vdev=net_null0 --vdev=net_null1.
//
// A client may end, or be killed, and start again while the server runs, which tells of
// it: the ring keeps what it holds for the client that comes, and more is dropped and
// counted. (The server does not empty it, for then it could have two consumers.) What a killed client had in its hands
// is lost to the pool, at most a burst, and one more for each port; and what it can
// have left half done must stop nobody. Here that is the pool's matter, for its own
// ring has one producer and one consumer: the server takes a pool on a lock-free stack
// and without caches of lcores. (The server in C takes a ring and caches. A client
// that is killed while it frees packets there can stop all others.)
//
// End clients before the server. Ctrl-C ends all of them.
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
	"strconv"
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
		fmt.Fprintln(os.Stderr, "client-server-mp:", err)
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
	flags := flag.NewFlagSet("client-server-mp", flag.ContinueOnError)
	mask := flags.String("p", "", "server: hexadecimal mask of the ports to use, such as 3 for ports 0 and 1")
	n := flags.Int("n", 0, "server: how many clients; client: which one to be, from 0")
	seconds := flags.Float64("seconds", 0, "server: how long to run; 0 is until Ctrl-C")
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
	if *seconds < 0 || *period < 0 {
		return fmt.Errorf("-seconds=%v -period=%v: neither can be negative", *seconds, *period)
	}
	ports, err := masked(*mask)
	if err != nil {
		return err
	}
	if *seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(*seconds*float64(time.Second)))
		defer cancel()
	}
	return serve(ctx, rt, ports, *n, *period)
}

// masked are the ports whose bits the mask has.
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
		return nil, fmt.Errorf("-p=%s names %d of %d ports: it takes pairs of them", mask, len(ports), len(all))
	}
	return ports, nil
}
