//go:build linux

// Command echo answers ARP, ping and the UDP echo service for one IPv4 address at one port, in
// Go over DPDK. It turns each packet into its answer in place.
//
//	echo                              pings itself over a veth pair that it makes, as root
//	echo -driver net_af_xdp           the same over AF_XDP
//	echo -port net_af_packet0,iface=eth1 -ip 10.0.0.2      until Ctrl-C
//	echo -port 0000:03:00.0 -ip 10.0.0.2 -- -a 0000:03:00.0    with EAL options
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() { app.Run("echo", run) }

// run reads the command line, and answers at a port or shows itself.
func run(ctx context.Context) error {
	flags := flag.NewFlagSet("echo", flag.ContinueOnError)
	port := flags.String("port", "", "devargs of the `port` to answer at; without it, echo pings itself")
	ip := flags.String("ip", "", "the IPv4 `address` to answer for, with or without /24")
	udpPort := flags.Uint("udp", 7, "the UDP port of the echo service; 0 is none")
	driver := flags.String("driver", "net_af_packet", "without -port: net_af_packet or net_af_xdp")
	count := flags.Int("count", 1000, "without -port: how many pings")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	switch {
	case *port == "" && (*ip != "" || flags.NArg() > 0):
		return errors.New("no port: use -port=net_af_packet0,iface=eth1, or other devargs of DPDK")
	case *port == "":
		return demonstrate(ctx, *driver, *count)
	case *udpPort > 65535:
		return fmt.Errorf("-udp=%d: use 1 to 65535, or 0 for none", *udpPort)
	}
	addr, err := address(*ip)
	if err != nil {
		return err
	}
	return serve(ctx, *port, addr, uint16(*udpPort), flags.Args())
}

// address reads an address with or without a prefix length.
func address(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		var p netip.Prefix
		p, err = netip.ParsePrefix(s)
		addr = p.Addr()
	}
	if err != nil || !addr.Is4() {
		return netip.Addr{}, fmt.Errorf("-ip=%q: use an IPv4 address such as 10.0.0.2", s)
	}
	return addr, nil
}

// serve answers at the port until ctx ends.
func serve(ctx context.Context, devargs string, ip netip.Addr, udpPort uint16, options []string) (err error) {
	rt, err := eal.Init(eal.Config{InMemory: true, MemoryMB: 64, NoPCI: len(options) == 0, Extra: options})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	pool, err := mbuf.CreatePool("packets", 8191, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	p, err := ethdev.Open(devargs, ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	mac, err := p.MAC()
	if err != nil {
		return err
	}
	fmt.Printf("echo: answering for %v at %v, %v\n", ip, mac, p)
	c := poll(ctx, p, newHost(mac, ip, udpPort))
	fmt.Printf("echo: answered %d ARP, %d ping, %d UDP; %d packets ignored, %d answers not sent\n", c.of[arp], c.of[icmp], c.of[udp], c.of[ignored], c.dropped)
	return errors.Join(p.RxQueue(0).Err(), p.TxQueue(0).Err())
}

// counts are the numbers of packets.
type counts struct {
	of      [kinds]uint64
	dropped uint64 // answers that the port did not send
}

// poll answers until ctx ends.
func poll(ctx context.Context, p *ethdev.Port, h *host) (c counts) {
	rx, tx := p.RxQueue(0), p.TxQueue(0)
	var pkts, answers [32]*mbuf.Mbuf
	var idle lcore.Idle
	for ctx.Err() == nil {
		n := rx.Burst(pkts[:])
		out := answers[:0]
		for _, m := range pkts[:n] {
			k := h.answer(m.Data(), m.Len())
			c.of[k]++
			if k == ignored {
				m.Free()
			} else {
				out = append(out, m)
			}
		}
		sent := tx.Burst(out)
		mbuf.FreeBulk(out[sent:])
		c.dropped += uint64(len(out) - sent)
		idle.After(n) // unnecessary for a poller that has a CPU of its own
	}
	return c
}
