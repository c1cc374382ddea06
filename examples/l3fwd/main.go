// Command l3fwd forwards IPv4 and IPv6 packets between ports by the longest prefix that matches, as DPDK's sample
// of that name does. Each lcore polls its own queue of each port.
//
//	l3fwd                              two net_null ports, until Ctrl-C
//	l3fwd -port net_af_packet0,iface=eth1 -port net_af_packet1,iface=eth2 -route 10.1.0.0/16=0 -route 2001:db8::/32=1
//	l3fwd -routes FILE …               with the routes of a file; SIGHUP loads it again, without loss
//	l3fwd -eth-dest 1=02:00:00:00:00:07 …    the neighbour that port 1 sends to
//	l3fwd -lookup fib …                in tables of package fib, for files of more than some 10,000 routes
//	l3fwd -lcores 0-3 …                four queues for each port, if it has them
//	l3fwd -port 0000:03:00.0 -port 0000:03:00.1 … -- -a 0000:03:00.0 -a 0000:03:00.1    with EAL options
//
// A line of the file is a prefix and the number of a port, in the order of -port: "10.1.0.0/16 0". Lines that begin with # are
// comments. An R before the prefix, as in the files of DPDK's sample, is ignored.
//
// A frame must be for the address of its port. A packet gets new Ethernet addresses and a smaller TTL. Packets without a
// route, and those with an expired TTL, are dropped and counted; no ICMP message is sent. The checksum of the IPv4 header is adjusted, not
// verified: a wrong one stays wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Run("l3fwd", run) }

// settings are the flags and options of the command line.
type settings struct {
	ports    []string
	routes   []route // of -route
	file     string
	lookup   string
	dest     map[int]header.MAC
	lcores   string
	duration time.Duration
	period   time.Duration
	options  []string // of EAL
}

// parse reads the command line.
func parse(args []string) (settings, error) {
	s := settings{dest: map[int]header.MAC{}}
	flags := flag.NewFlagSet("l3fwd", flag.ContinueOnError)
	flags.Func("port", "devargs of a `port` (net_null0 and net_null1)", func(v string) error {
		s.ports = append(s.ports, v)
		return nil
	})
	flags.Func("route", "`PREFIX=PORT`, the number of the port that sends packets to the prefix", func(v string) error {
		prefix, port, _ := strings.Cut(v, "=")
		r, err := parseRoute(prefix, port)
		s.routes = append(s.routes, r)
		return err
	})
	flags.StringVar(&s.file, "routes", "", "`file` with more routes")
	flags.StringVar(&s.lookup, "lookup", "lpm", "the kind of tables: lpm or fib")
	flags.Func("eth-dest", "`PORT=MAC`, the neighbour of a port (02:00:00:00:00 and the port)", func(v string) error {
		port, mac, _ := strings.Cut(v, "=")
		n, err := strconv.ParseUint(port, 10, 8)
		if err != nil {
			return fmt.Errorf("%q is not the number of a port", port)
		}
		s.dest[int(n)], err = header.ParseMAC(mac)
		return err
	})
	flags.StringVar(&s.lcores, "lcores", "0", "EAL's lcores; each polls a queue of each port")
	flags.DurationVar(&s.duration, "duration", 0, "how long to forward; 0 is until Ctrl-C")
	flags.DurationVar(&s.period, "period", time.Second, "time between two tables of counters; 0 prints one at the end")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.options = flags.Args()
	if len(s.ports) == 0 {
		s.ports = []string{"net_null0", "net_null1"}
	}
	if s.duration < 0 || s.period < 0 {
		return s, fmt.Errorf("-duration=%v -period=%v: none of them can be negative", s.duration, s.period)
	}
	if s.lookup != "lpm" && s.lookup != "fib" {
		return s, fmt.Errorf("-lookup=%s: use lpm or fib", s.lookup)
	}
	for n := range s.dest {
		if n >= len(s.ports) {
			return s, fmt.Errorf("-eth-dest: port %d does not exist: the last one is %d", n, len(s.ports)-1)
		}
	}
	return s, nil
}

// run opens the ports and forwards between them.
func run(ctx context.Context) (err error) {
	s, err := parse(os.Args[1:])
	if err != nil {
		return err
	}
	rt, err := eal.Init(eal.Config{InMemory: true, Lcores: s.lcores, MemoryMB: 128, NoPCI: len(s.options) == 0, Extra: s.options})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	lcores := append([]int{lcore.Main()}, lcore.Workers()...)
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), len(lcores)+1)) // all lcores poll
	pool, err := mbuf.CreatePool("packets", 8191*len(s.ports)*len(lcores), mbuf.PoolConfig{CacheSize: 256})
	if err != nil {
		return err
	}
	f, err := newForwarder(s, len(lcores))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	for i, devargs := range s.ports {
		p, failed := open(devargs, pool, len(lcores))
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, p.Stop()) }()
		if err := f.addPort(p, dest(s, i)); err != nil {
			return err
		}
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	ctx, cancel := app.Limit(ctx, s.duration.Seconds())
	defer cancel()
	return f.forward(ctx, lcores, hup)
}

// dest returns the neighbour of a port.
func dest(s settings, port int) header.MAC {
	if mac, ok := s.dest[port]; ok {
		return mac
	}
	return header.MAC{0: 2, 5: byte(port)}
}

// open opens a port with a transmit queue for each lcore, and as many receive queues if it has them. RSS spreads packets over
// the receive queues.
func open(devargs string, pool *mbuf.Pool, lcores int) (*ethdev.Port, error) {
	p, err := ethdev.Attach(devargs)
	if err != nil {
		return nil, err
	}
	info, err := p.Info()
	if err != nil {
		return nil, err
	}
	if lcores > info.MaxTxQueues {
		return nil, fmt.Errorf("%v has %d transmit queues: use as many -lcores at most", p, info.MaxTxQueues)
	}
	cfg, _ := ethdev.Config{RxQueues: lcores, TxQueues: lcores, RSS: ethdev.RSSIP}.Clamp(info)
	cfg.Pool = pool
	if err := p.Configure(cfg); err != nil {
		return nil, err
	}
	return p, p.Start()
}

// parseRoute reads a prefix and the number of a port.
func parseRoute(prefix, port string) (r route, err error) {
	if r.prefix, err = netip.ParsePrefix(prefix); err != nil {
		return r, err
	}
	n, err := strconv.ParseUint(port, 10, 8)
	if err != nil {
		return r, fmt.Errorf("%q is not the number of a port", port)
	}
	r.port = uint8(n)
	return r, nil
}
