// Command dns is an authoritative DNS server over UDP, for one zone. The same program runs on a port of DPDK and on kernel sockets.
//
//	dns                              makes a veth pair, as root, asks itself in both modes, and compares the answers
//	dns -mode kernel -listen 127.0.0.1:5353            then: dig @127.0.0.1 -p 5353 www.example.com
//	dns -mode dpdk -port net_af_packet0,iface=eth1 -addr 10.0.0.2/24 -gateway 10.0.0.1
//	dns -mode dpdk -port 0000:03:00.0 -addr 10.0.0.2/24 -- -a 0000:03:00.0    with EAL options
//	dns -zone FILE …                 another zone than example.com
//	dns -workers 4 …                 goroutines that answer; in mode dpdk each has a queue of the port, if it has them
//
// Built with CGO_ENABLED=0 it needs no DPDK and has mode kernel only.
//
// The zone file has the usual format, with $ORIGIN, $TTL and the types SOA, NS, A, AAAA, CNAME, MX and TXT. The server knows EDNS, but neither
// wildcards, DNSSEC nor zone transfers. An answer that is too long is truncated (TC): a client would ask again over TCP, which this example
// does not have.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Run("dns", run) }

//go:embed example.zone
var exampleZone string

// settings are the flags and options of the command line.
type settings struct {
	mode     string
	listen   string
	port     string
	addrs    []netip.Prefix
	gateways []netip.Addr
	workers  int
	count    int
	options  []string // of EAL
}

// run reads the command line, and answers or demonstrates.
func run(ctx context.Context) error {
	var s settings
	flags := flag.NewFlagSet("dns", flag.ContinueOnError)
	flags.StringVar(&s.mode, "mode", "", "dpdk or kernel; without -port and -listen, dns asks itself in this mode, or in both")
	flags.StringVar(&s.listen, "listen", "", "the `address` to listen at (:53)")
	flags.StringVar(&s.port, "port", "", "mode dpdk: devargs of the `port`")
	flags.Func("addr", "mode dpdk: `address/length` of the host; more than once for more", func(v string) error {
		p, err := netip.ParsePrefix(v)
		s.addrs = append(s.addrs, p)
		return err
	})
	flags.Func("gateway", "mode dpdk: `address` of the router, one of each IP version", func(v string) error {
		a, err := netip.ParseAddr(v)
		s.gateways = append(s.gateways, a)
		return err
	})
	file := flags.String("zone", "", "the zone `file` (a zone example.com that the program has)")
	flags.IntVar(&s.workers, "workers", 2, "goroutines that answer")
	flags.IntVar(&s.count, "count", 1000, "without -port and -listen: how many questions")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	s.options = flags.Args()
	text, name := exampleZone, "example.zone"
	if *file != "" {
		b, err := os.ReadFile(*file)
		if err != nil {
			return err
		}
		text, name = string(b), *file
	}
	z, err := parseZone(strings.NewReader(text), name)
	switch {
	case err != nil:
		return err
	case s.mode != "" && s.mode != "dpdk" && s.mode != "kernel":
		return fmt.Errorf("-mode=%s: use dpdk or kernel", s.mode)
	case s.workers < 1 || s.workers > 64:
		return fmt.Errorf("-workers=%d: use 1 to 64", s.workers)
	case s.count < 1:
		return fmt.Errorf("-count=%d: use 1 or more", s.count)
	case s.mode != "dpdk" && (s.port != "" || s.addrs != nil || s.gateways != nil || len(s.options) > 0):
		return errors.New("-port, -addr, -gateway and EAL options need -mode=dpdk")
	case s.mode == "dpdk" && s.port == "" && (s.listen != "" || s.addrs != nil || s.gateways != nil || len(s.options) > 0):
		return errors.New("no port: use -port=net_af_packet0,iface=eth1, or other devargs of DPDK")
	case s.mode == "dpdk" && s.port != "" && s.addrs == nil:
		return errors.New("no address: use -addr=10.0.0.2/24")
	case s.port == "" && s.listen == "":
		if *file != "" {
			return errors.New("-zone needs -listen, or -mode=dpdk with -port: the demonstration asks its own zone")
		}
		return demonstrate(ctx, s, z)
	case s.mode == "":
		return errors.New("no mode: use -mode=kernel or -mode=dpdk")
	}
	if s.listen == "" {
		s.listen = ":53"
	}
	return serve(ctx, s, z)
}
