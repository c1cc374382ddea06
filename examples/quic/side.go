//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/examples/internal/app"
)

// side is where the socket of a process comes from.
type side struct {
	server bool
	mode   string // "kernel" or "dpdk"
	// The rest is for DPDK.
	port   string
	cable  bool
	prefix string
	addrs  []netip.Prefix
	router netip.Addr
	eal    []string
}

func (s *side) flags(flags *flag.FlagSet) {
	flags.StringVar(&s.mode, "mode", "kernel", "kernel or dpdk")
	flags.StringVar(&s.port, "port", "", "the `devargs` of the port, such as net_af_packet0,iface=eth1")
	flags.BoolVar(&s.cable, "cable", false, "instead of -port: two rings between the server's and the client's process. Start the server first")
	flags.StringVar(&s.prefix, "prefix", "quic", "file prefix of the two processes of -cable")
	flags.Func("ip", "an `address` of this host, such as 10.0.0.2/24; may be given several times", func(text string) error {
		p, err := netip.ParsePrefix(text)
		s.addrs = append(s.addrs, p)
		return err
	})
	flags.Func("gateway", "the `address` of the router to other networks", func(text string) (err error) {
		s.router, err = netip.ParseAddr(text)
		return err
	})
}

func (s *side) check() error {
	switch {
	case s.mode != "kernel" && s.mode != "dpdk":
		return fmt.Errorf("-mode %s: use kernel or dpdk", s.mode)
	case s.mode == "kernel" && (s.port != "" || s.cable || len(s.addrs) > 0 || s.router.IsValid() || len(s.eal) > 0):
		return errors.New("-port, -cable, -ip, -gateway and EAL options are for -mode dpdk: add it")
	case s.mode == "kernel":
		return nil
	case s.cable == (s.port != ""):
		return errors.New("use either -port, with devargs such as net_af_packet0,iface=eth1, or -cable")
	case len(s.addrs) == 0:
		return errors.New("the host has no address: add -ip 10.0.0.2/24 or another one")
	}
	return nil
}

// with calls f with a socket at the address, and then ends the socket and what is below it.
func (s *side) with(ctx context.Context, address string, f func(context.Context, net.PacketConn) error) (err error) {
	if s.mode == "dpdk" {
		return s.withDPDK(ctx, address, f)
	}
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return f(ctx, conn)
}

const (
	poolName  = "quic"
	cableName = "net_ring_quic"
	numMbufs  = 8191
)

// withDPDK makes a host at a port. A server with a cable is the primary of the two processes, and makes both ports.
func (s *side) withDPDK(ctx context.Context, address string, f func(context.Context, net.PacketConn) error) (err error) {
	cfg := eal.Config{FilePrefix: s.prefix, ProcessType: eal.Primary, MemoryMB: 64, NoPCI: len(s.eal) == 0, Extra: s.eal}
	if os.Getenv("EXAMPLES_LOG") == "" {
		cfg.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	var l link
	switch {
	case !s.cable:
		cfg.FilePrefix, cfg.InMemory = "", true
		cfg.Prepare = func(*eal.Runtime) error { return l.open(s.port) }
	case s.server:
		cfg.Prepare = func(*eal.Runtime) error { return l.connect() }
	default:
		cfg.ProcessType, cfg.MemoryMB = eal.Secondary, 0
	}
	rt, err := start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close(rt), rt.Close()) }()
	if s.cable && !s.server {
		if err := l.find(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(rt.Context(), func() { cancel(context.Cause(rt.Context())) })() // the primary has gone
	c := udp.Config{Addrs: s.addrs, Pool: l.pool}
	if s.router.IsValid() {
		c.Gateways = []netip.Addr{s.router}
	}
	host, err := udp.NewHost(l.port, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close()) }()
	conn, err := host.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	socket, err := newSocket(conn.(*udp.Conn))
	if err != nil {
		return err
	}
	return f(ctx, socket)
}

// start starts EAL. A secondary waits for its primary.
func start(ctx context.Context, cfg eal.Config) (*eal.Runtime, error) {
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		rt, err := eal.Init(cfg)
		if !errors.Is(err, dpdk.ErrNoPrimary) || ctx.Err() != nil || time.Since(begin) > app.Patience {
			return rt, err
		}
	}
}

// link is a port, and the mbufs that the host sends.
type link struct {
	pool  *mbuf.Pool
	port  *ethdev.Port
	cable *netring.Cable
	own   bool // this process has made them
}

func (l *link) open(devargs string) (err error) {
	l.own = true
	if l.pool, err = mbuf.CreatePool(poolName, numMbufs, mbuf.PoolConfig{}); err == nil {
		l.port, err = ethdev.Open(devargs, ethdev.Config{Pool: l.pool})
	}
	return err
}

// connect makes two ports that are connected. Each end of a ring has one user: a host has one poller for a queue, and its senders
// take turns.
func (l *link) connect() (err error) {
	l.own = true
	if l.pool, err = mbuf.CreatePool(poolName, numMbufs, mbuf.PoolConfig{}); err != nil {
		return err
	}
	l.cable, err = netring.Pair(netring.CableConfig{Name: cableName, Sync: ring.Single}, ethdev.Config{Pool: l.pool})
	if err == nil {
		l.port = l.cable.A
	}
	return err
}

// find finds the port at the other end of the server's cable.
func (l *link) find() (err error) {
	if l.pool, err = mbuf.LookupPool(poolName); err == nil {
		l.port, err = ethdev.Lookup(cableName + "b")
	}
	return err
}

// close ends the port, and prints how many mbufs are back. The host has ended.
func (l *link) close(rt *eal.Runtime) (err error) {
	if !l.own {
		return nil
	}
	switch {
	case l.cable != nil:
		if err = alone(rt); err == nil { // the other process must not use rings that are freed
			err = l.cable.Close()
		}
	case l.port != nil:
		err = l.port.Detach()
	}
	if l.pool != nil && err == nil {
		fmt.Printf("quic: %d of %d mbufs are back in the pool\n", l.pool.Available(), l.pool.Size())
	}
	return err
}

// alone waits until this process is the only one of its prefix. The server has ended the connection of the client.
func alone(rt *eal.Runtime) error {
	const patience = 10 * time.Second
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		all, err := rt.Processes()
		if err != nil || len(all) < 2 {
			return err
		}
		if time.Since(begin) > patience {
			return fmt.Errorf("the client's process did not end within %v: end it, and remove what is left with the next start of the server: %+v", patience, all)
		}
	}
}
