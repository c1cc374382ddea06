//go:build linux

// Command quic is a server and a client of HTTP/3 with quic-go, over sockets of the kernel or of DPDK. The server sends as many
// bytes as a request asks for, and answers a body with its hash. The client requests several streams at once and checks all hashes.
//
//	quic                                                        shows itself, as root: see below
//	quic server -mode kernel -listen :4433                      on a socket of the kernel, until Ctrl-C
//	quic server -mode dpdk -port net_af_packet0,iface=eth1 -ip 10.0.0.2/24 -listen :4433
//	quic server -mode dpdk -port 0000:03:00.0 -ip 10.0.0.2/24 -listen :4433 -- -a 0000:03:00.0     with EAL options
//	quic client -mode kernel -certificate HEX 10.0.0.2:4433     HEX is what the server has printed
//	quic server -mode dpdk -cable -ip 10.0.0.2/24               a port that is connected to that of another process by two rings,
//	quic client -mode dpdk -cable -ip 10.0.0.1/24 -certificate HEX 10.0.0.2:4433      which is this one
//
// A kernel at the other end of a veth pair sends many datagrams as one large packet (UDP_SEGMENT), which net_af_packet drops. Turn that off with
// ethtool -K eth1 tx-udp-segmentation off at the kernel's end. Interfaces of hardware send datagrams of the MTU.
//
// Without arguments it connects servers and clients, each a process of its own: DPDK and the kernel over a veth pair, two
// processes with DPDK over two rings, and for comparison two sockets of the kernel over the loopback interface.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"

	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Run("quic", run) }

// run runs one process, or the demonstration.
func run(ctx context.Context) error {
	if len(os.Args) == 1 {
		return demonstrate(ctx)
	}
	role := os.Args[1]
	flags := flag.NewFlagSet("quic "+role, flag.ContinueOnError)
	s := side{server: role == "server"}
	s.flags(flags)
	switch role {
	case "server":
		listen := flags.String("listen", ":4433", "the `address` to listen on")
		if err := s.parse(flags, os.Args[2:], 0); err != nil {
			return err
		}
		return s.with(ctx, *listen, serve)
	case "client":
		var w work
		flags.Int64Var(&w.get, "get", 10e6, "bytes to receive on each stream")
		flags.Int64Var(&w.put, "put", 10e6, "bytes to send on each stream")
		flags.IntVar(&w.streams, "streams", 4, "how many streams to use at once")
		flags.StringVar(&w.certificate, "certificate", "", "the SHA-256 sum of the server's certificate, in `hex`, which the server prints")
		flags.BoolVar(&w.json, "json", false, "print the results as JSON")
		if err := s.parse(flags, os.Args[2:], 1); err != nil {
			return err
		}
		var err error
		if w.server, err = netip.ParseAddrPort(flags.Arg(0)); err != nil {
			return fmt.Errorf("the address of the server, %q: use one such as 10.0.0.2:4433", flags.Arg(0))
		}
		if w.get < 0 || w.put < 0 || w.streams < 1 || w.streams > maxStreams {
			return fmt.Errorf("use 0 or more bytes for -get and -put, and 1 to %d for -streams", maxStreams)
		}
		return s.with(ctx, ":0", w.do)
	}
	return fmt.Errorf("%q: use server or client", role)
}

// parse parses the command line, with so many arguments before the EAL options.
func (s *side) parse(flags *flag.FlagSet, args []string, arguments int) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	rest := flags.Args()
	if len(rest) < arguments {
		return errors.New("no address of a server: add one such as 10.0.0.2:4433")
	}
	if rest = rest[arguments:]; len(rest) > 0 && rest[0] == "--" {
		rest = rest[1:]
	}
	s.eal = rest
	return s.check()
}
