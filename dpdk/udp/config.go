package udp

import (
	"net"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Config configures a Host. Addrs must have an address; the zero value of each other field is a default.
type Config struct {
	// Addrs are the addresses of the host, each with the length of its subnet's prefix, such as
	// 10.0.0.2/24. The first address of an IP version in the subnet of a destination, or else the first
	// of that version, is the source of a datagram from a socket without a local address.
	Addrs []netip.Prefix
	// Gateways are the routers for destinations outside all subnets and Routes, at most one of each
	// IP version.
	Gateways []netip.Addr
	Routes   []Route
	// Pool provides the mbufs of sent datagrams. nil is the pool of the port's Config.
	Pool *mbuf.Pool
	// Queues is the number of receive and transmit queues that the host uses, from FirstQueue on, with a goroutine for
	// each. 0 is all receive queues of the port from there on.
	Queues     int
	FirstQueue int
	// Shared connects the host with others at the same port, in this process and in others. Each has other queues. nil means that
	// no other host at the port has an address of this one.
	Shared *Shared
	// ReusePort lets the sockets of [Host.ListenUDP] with a port have one that sockets of other hosts of Shared have, if these have set it
	// too. Each socket receives what reaches the queues of its host. Without it, such a port is EADDRINUSE.
	ReusePort bool
	// Idle makes the pacing of a queue's poller: it is called once for each queue, and After after each round. nil
	// is a *lcore.Idle with its defaults. It is called on the goroutine of the poller. See the package documentation for the choices and their costs.
	Idle func(queue int) Idle
	// Interrupts makes an idle poller wait for the receive interrupt of its queue instead of sleeping for a fixed time: it is the
	// Waiter of the *lcore.Idle. The port needs what [ethdev.RxQueue.WaitBurst] needs.
	Interrupts bool
	// VLAN is the VLAN ID of all frames of the host. 0 is none: frames have no tag.
	VLAN int
	// MTU is the largest IP packet in bytes. 0 is that of the port. An mbuf of Pool must have room for it;
	// otherwise the MTU of the host is what fits.
	MTU int
	// MAC is the Ethernet address of the host. nil is that of the port, or a random one if the port has none, as net_ring. The
	// port must receive frames to another address than its own: see ethdev.Port.AddMAC and SetPromiscuous.
	MAC net.HardwareAddr
	// NoLinkLocal omits the IPv6 link-local address that the host has from its Ethernet address.
	NoLinkLocal bool
	// ReadQueue is the number of datagrams that wait for the readers of a socket. Further ones are
	// dropped. A datagram in several mbufs, such as one that came in fragments, counts once for each. 0 is 512. See also
	// [Conn.SetReadBuffer].
	ReadQueue int
}

// Route is a route to a prefix.
type Route struct {
	To  netip.Prefix
	Via netip.Addr // the router; the zero Addr if the prefix is on the link
}

// Idle paces a poller: see [lcore.Idle], which implements it.
type Idle interface {
	// After ends a round that has moved this number of packets.
	After(moved int)
}

const (
	defaultReadQueue = 512
	op               = "udp.NewHost"
)

func invalid(format string, args ...any) error { return check.Invalid(op, "", format, args...) }

// complete checks c for a port with this configuration and fills in the defaults.
func (c Config) complete(p ethdev.Config, portMTU int) (Config, error) {
	if len(c.Addrs) == 0 {
		return c, invalid("Addrs is empty: give the host an address such as 10.0.0.2/24")
	}
	seen := map[netip.Addr]bool{}
	for _, a := range c.Addrs {
		addr := a.Addr()
		switch {
		case !a.IsValid() || addr.Is4In6() || addr.Zone() != "":
			return c, invalid("the address %v is not valid: use one such as 10.0.0.2/24 or 2001:db8::2/64, without a zone", a)
		case addr.IsUnspecified() || addr.IsMulticast():
			return c, invalid("the address %v is not the address of a host", a)
		case seen[addr]:
			return c, invalid("the address %v is in Addrs twice", addr)
		}
		seen[addr] = true
	}
	gateways := map[bool]bool{}
	for _, g := range c.Gateways {
		if gateways[g.Is4()] {
			return c, invalid("Gateways has two addresses of one IP version: use Routes")
		}
		gateways[g.Is4()] = true
		if !g.IsValid() || !c.onLink(g) {
			return c, invalid("the gateway %v is in no subnet of Addrs", g)
		}
	}
	for _, r := range c.Routes {
		if !r.To.IsValid() || r.Via.IsValid() && (r.Via.Is4() != r.To.Addr().Is4() || !c.onLink(r.Via)) {
			return c, invalid("the route to %v via %v is not valid: the router must be in a subnet of Addrs", r.To, r.Via)
		}
	}
	if c.Pool == nil {
		c.Pool = p.Pool
	}
	if c.Pool == nil {
		return c, invalid("the port's Config has no Pool: set Config.Pool")
	}
	queues := max(p.RxQueues, 1)
	if c.FirstQueue < 0 || c.FirstQueue >= queues {
		return c, invalid("FirstQueue is %d: the port has the receive queues 0 to %d", c.FirstQueue, queues-1)
	}
	if c.Queues == 0 {
		c.Queues = queues - c.FirstQueue
	}
	if c.Queues < 0 || c.FirstQueue+c.Queues > min(queues, max(p.TxQueues, 1)) {
		return c, invalid("Queues is %d, from queue %d on: the port has %d receive and %d transmit queues", c.Queues, c.FirstQueue, queues, max(p.TxQueues, 1))
	}
	if len(c.MAC) != 0 && (len(c.MAC) != len(header.MAC{}) || !header.MAC(c.MAC).IsAssignable()) {
		return c, invalid("MAC is %v: use a unicast address of 6 bytes, or nil for that of the port", c.MAC)
	}
	if c.VLAN < 0 || c.VLAN > ethdev.MaxVLAN {
		return c, invalid("VLAN is %d: use 1 to %d, or 0 for none", c.VLAN, ethdev.MaxVLAN)
	}
	if c.ReadQueue == 0 {
		c.ReadQueue = defaultReadQueue
	}
	if c.ReadQueue < 1 || c.ReadQueue > 1<<20 {
		return c, invalid("ReadQueue is %d: use 1 to %d", c.ReadQueue, 1<<20)
	}
	if c.MTU == 0 {
		c.MTU = portMTU
	}
	if c.MTU < minMTU6 || c.MTU > portMTU {
		return c, invalid("MTU is %d: use %d to the MTU of the port, %d", c.MTU, minMTU6, portMTU)
	}
	c.MTU = min(c.MTU, c.Pool.DataRoom()-mbuf.DefaultHeadroom-header.EthernetLen-header.VLANLen)
	if c.MTU < minMTU6 {
		return c, invalid("an mbuf of Pool has no room for an IP packet of %d bytes: use a larger PoolConfig.DataRoom", minMTU6)
	}
	if c.Idle == nil {
		c.Idle = func(int) Idle { return new(lcore.Idle) }
	}
	return c, nil
}

// idle makes the pacing of a queue's poller.
func (c Config) idle(queue int, rx ethdev.RxQueue) (Idle, error) {
	i := c.Idle(queue)
	if i == nil {
		return nil, invalid("Idle returned nil for queue %d: return a *lcore.Idle", queue)
	}
	if !c.Interrupts {
		return i, nil
	}
	l, ok := i.(*lcore.Idle)
	if !ok || l.Waiter != nil {
		return nil, invalid("Interrupts is set, and Idle returned a %T with its own way to wait: return a *lcore.Idle without a Waiter", i)
	}
	interrupt, err := rx.Interrupt()
	if err != nil {
		return nil, err
	}
	l.Waiter = interrupt
	return l, nil
}

// onLink reports whether a is in a subnet of the host.
func (c Config) onLink(a netip.Addr) bool {
	for _, p := range c.Addrs {
		if p.Contains(a) {
			return true
		}
	}
	return a.Is6() && a.IsLinkLocalUnicast() && !c.NoLinkLocal
}
