// Command l2fwd forwards Ethernet frames between pairs of ports, as DPDK's sample of that name
// does: a frame that a port receives is sent by the port's partner, with new addresses. It first waits up to 9 seconds for the
// links, and then prints a table of the frames of each port.
//
//	l2fwd                              two net_null ports, until Ctrl-C
//	l2fwd -duration 5s                 the same for 5 seconds
//	l2fwd -port net_af_packet0,iface=eth1 -port net_af_packet1,iface=eth2
//	l2fwd -promiscuous …               with frames for other addresses than those of the ports
//	l2fwd -port 0000:03:00.0 -port 0000:03:00.1 -- -a 0000:03:00.0 -a 0000:03:00.1    with EAL options
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Run("l2fwd", run) }

// settings are the flags and options of the command line.
type settings struct {
	ports       []string
	duration    time.Duration
	period      time.Duration
	linkWait    time.Duration
	updateMAC   bool
	promiscuous bool
	options     []string // of EAL
}

// parse reads the command line.
func parse(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("l2fwd", flag.ContinueOnError)
	flags.Func("port", "devargs of a `port`; give it twice for each pair (net_null0 and net_null1)", func(v string) error {
		s.ports = append(s.ports, v)
		return nil
	})
	flags.DurationVar(&s.duration, "duration", 0, "how long to forward; 0 is until Ctrl-C")
	flags.DurationVar(&s.period, "period", time.Second, "time between two tables; 0 prints one at the end")
	flags.DurationVar(&s.linkWait, "link-wait", 9*time.Second, "how long to wait for the links at the start")
	flags.BoolVar(&s.updateMAC, "mac-updating", true, "give frames new addresses")
	flags.BoolVar(&s.promiscuous, "promiscuous", false, "receive frames for other addresses too")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.options = flags.Args()
	switch {
	case len(s.ports) == 0:
		s.ports = []string{"net_null0", "net_null1"}
	case len(s.ports)%2 != 0:
		return s, fmt.Errorf("%d ports, an odd number: each needs a partner, so give -port twice for each pair", len(s.ports))
	}
	if s.duration < 0 || s.period < 0 || s.linkWait < 0 {
		return s, fmt.Errorf("-duration=%v -period=%v -link-wait=%v: none of them can be negative", s.duration, s.period, s.linkWait)
	}
	return s, nil
}

// run opens the ports and forwards between them.
func run(ctx context.Context) (err error) {
	s, err := parse(os.Args[1:])
	if err != nil {
		return err
	}
	rt, err := eal.Init(eal.Config{InMemory: true, MemoryMB: 128, NoPCI: len(s.options) == 0, Extra: s.options})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	pool, err := mbuf.CreatePool("packets", 8191*len(s.ports), mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	var pairs []*pair
	for i := 0; i < len(s.ports); i += 2 {
		pair := &pair{}
		for n := range pair.sides {
			p, failed := ethdev.Open(s.ports[i+n], ethdev.Config{Pool: pool})
			if failed != nil {
				return failed
			}
			defer func() { err = errors.Join(err, p.Stop()) }()
			if s.promiscuous {
				if err := p.SetPromiscuous(true); err != nil {
					return err
				}
			}
			if err := pair.sides[n].use(p); err != nil {
				return err
			}
		}
		pairs = append(pairs, pair)
	}
	if err := waitLinks(ctx, pairs, s.linkWait); err != nil {
		return err
	}
	ctx, cancel := app.Limit(ctx, s.duration.Seconds())
	defer cancel()
	forward(ctx, pairs, s)
	return nil
}

// waitLinks waits until the links of all ports are up, or the time is over, and prints them: the link of a NIC comes up a
// second or more after its start, and frames that are sent before are lost.
func waitLinks(ctx context.Context, pairs []*pair, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, pair := range pairs {
		for i := range pair.sides {
			port := pair.sides[i].port
			link, err := port.WaitLink(ctx, true)
			if err != nil && ctx.Err() == nil {
				return err
			}
			fmt.Printf("%v: link %v\n", port, link)
		}
	}
	return nil
}
