//go:build linux

// Command loadbalancer distributes TCP connections and UDP flows to a service over backends, for IPv4 and IPv6.
//
//	                     flow table in shared memory
//	                       |          |
//	ports → primary →  worker 0 … worker n  → primary → ports
//
// The primary has the ports. It finds the flow of each packet, and gives the packet to the worker of that flow. A worker looks
// the flow up in a hashtable.Table, or chooses a backend for a new flow, and gives the packet its new addresses. Backends answer through the load balancer:
// it is their gateway, and replaces their address by that of the service.
//
//	loadbalancer                                       shows itself, as root: see below
//	loadbalancer demo -kills 100                       the same, with flags
//	loadbalancer primary -port net_af_packet0,iface=eth1 -vip 10.0.0.100 -gateway 10.1.0.254 -config lb.json
//	loadbalancer worker -n 0                           one of the workers
//	loadbalancer worker -n 0 -take-over                a new program for it, without a pause
//	loadbalancer reload -config lb.json                other backends
//
// README.md describes the processes, their configuration, and the limits.
//
// Without arguments it connects a client and three backends by veth pairs in network namespaces, and makes kernel sockets talk through
// the load balancer. It kills workers, replaces workers, and reloads the configuration meanwhile, and checks every reply.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Run("loadbalancer", run) }

// run runs one process, or the demonstration.
func run(ctx context.Context) error {
	if len(os.Args) == 1 {
		return demonstrate(ctx, demo{kills: 10, upgrades: 4, load: 48})
	}
	role := os.Args[1]
	flags := flag.NewFlagSet("loadbalancer "+role, flag.ContinueOnError)
	prefix := flags.String("prefix", "loadbalancer", "file prefix of the processes")
	switch role {
	case "primary":
		o := options{prefix: prefix}
		flags.Func("port", "devargs of a `port`; may be given several times", o.addPort)
		flags.Func("vip", "an `address` of the service: at most one of IPv4 and one of IPv6", o.addVIP)
		flags.Func("gateway", "an `address` that the backends have as gateway: at most one of IPv4 and one of IPv6", o.addGateway)
		flags.StringVar(&o.config, "config", "", "`file` with the backends")
		flags.IntVar(&o.workers, "workers", 2, "how many workers share the flows")
		flags.IntVar(&o.flows, "flows", 1<<16, "how many flows the table can hold")
		flags.DurationVar(&o.idle, "idle", time.Minute, "time without a packet after which a flow ends")
		if err := flags.Parse(os.Args[2:]); err != nil {
			return err
		}
		o.eal = flags.Args()
		return primary(ctx, o)
	case "worker":
		n := flags.Int("n", 0, "number of the worker, from 0")
		takeOver := flags.Bool("take-over", false, "ask the worker that has this number to leave")
		busy := flags.Duration("busy", 0, "time to spend on each burst, with its packets in the worker's hands")
		if err := flags.Parse(os.Args[2:]); err != nil {
			return err
		}
		return secondary(ctx, *prefix, flags.Args(), func(ctx context.Context) error { return work(ctx, *n, *takeOver, *busy) })
	case "reload":
		config := flags.String("config", "", "`file` with the backends")
		if err := flags.Parse(os.Args[2:]); err != nil {
			return err
		}
		if *config == "" {
			return errors.New("no file: name it with -config")
		}
		return secondary(ctx, *prefix, flags.Args(), func(ctx context.Context) error { return reload(ctx, *config) })
	case "demo":
		var d demo
		flags.IntVar(&d.kills, "kills", 10, "how often to kill a worker")
		flags.IntVar(&d.upgrades, "upgrades", 4, "how often to replace a worker")
		flags.IntVar(&d.load, "load", 48, "how many connections and sockets ask at a time")
		flags.Uint64Var(&d.seed, "seed", 0, "seed of the moments of kills (default: random)")
		if err := flags.Parse(os.Args[2:]); err != nil {
			return err
		}
		return demonstrate(ctx, d)
	}
	return fmt.Errorf("%q: use primary, worker, reload or demo", role)
}

// secondary runs f in a secondary of the primary with this prefix.
func secondary(ctx context.Context, prefix string, args []string, f func(context.Context) error) error {
	args = append([]string{"loadbalancer", "--proc-type=secondary", "--file-prefix=" + prefix}, args...)
	return app.UnderEAL(ctx, args, func(ctx context.Context, _ *eal.Runtime, _ []string) error { return f(ctx) })
}
