package udp

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// PacketConn is what the sockets of a [Network] have: *Conn and *net.UDPConn implement it.
type PacketConn interface {
	net.PacketConn
	net.Conn
	ReadFromUDPAddrPort(b []byte) (n int, addr netip.AddrPort, err error)
	WriteToUDPAddrPort(b []byte, addr netip.AddrPort) (int, error)
	ReadMsgUDPAddrPort(b, oob []byte) (n, oobn, flags int, addr netip.AddrPort, err error)
	WriteMsgUDPAddrPort(b, oob []byte, addr netip.AddrPort) (n, oobn int, err error)
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
}

// Network makes UDP sockets. A *Host implements it. A program that uses a Network does not depend on where the packets go.
type Network interface {
	ListenPacket(network, address string) (PacketConn, error)
	Dial(network, address string) (PacketConn, error)
}

var (
	_ Network    = (*Host)(nil)
	_ PacketConn = (*Conn)(nil)
	_ PacketConn = (*net.UDPConn)(nil)
)

// The ports of sockets that ask for port 0.
const firstPort, lastPort = 32768, 60999

// ListenPacket makes a socket as net.ListenPacket does. It is a *Conn. The network is "udp", "udp4" or "udp6". The address is
// ":443", "10.0.0.2:443" with an address of the host, or the like. With port 0 or without a port, the host chooses one.
//
// Errors are those of [Host.ListenUDP], and of net.ResolveUDPAddr. Only an address that is a name needs the kernel's network.
func (h *Host) ListenPacket(network, address string) (PacketConn, error) {
	laddr, err := resolve("listen", network, address)
	if err != nil {
		return nil, err
	}
	c, err := h.ListenUDP(network, laddr)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Dial makes a connected socket as net.Dial does. It is a *Conn. Errors are those of [Host.DialUDP], and of
// net.ResolveUDPAddr.
func (h *Host) Dial(network, address string) (PacketConn, error) {
	raddr, err := resolve("dial", network, address)
	if err != nil {
		return nil, err
	}
	c, err := h.DialUDP(network, nil, raddr)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// resolve resolves an address as package net does.
func resolve(op, network, address string) (*net.UDPAddr, error) {
	if !known(network) {
		return nil, &net.OpError{Op: op, Net: network, Err: net.UnknownNetworkError(network)}
	}
	if op == "dial" && address == "" {
		return nil, &net.OpError{Op: op, Net: network, Err: errMissingAddress}
	}
	a, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		return nil, &net.OpError{Op: op, Net: network, Err: err}
	}
	return a, nil
}

func known(network string) bool { return network == "udp" || network == "udp4" || network == "udp6" }

// ListenUDP makes a socket as net.ListenUDP does. A nil laddr is any address and a free port. A socket for all addresses of the network
// "udp" receives IPv4 and IPv6; addresses of IPv4 are ::ffff:10.0.0.1 there, as with package net. A multicast laddr is any address:
// see [Conn.JoinGroup].
//
// Errors: EADDRINUSE if another socket has the port, or all ports for port 0; EADDRNOTAVAIL for an address that the host
// does not have; net.ErrClosed.
func (h *Host) ListenUDP(network string, laddr *net.UDPAddr) (*Conn, error) {
	if !known(network) {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: opAddr(laddr), Err: net.UnknownNetworkError(network)}
	}
	if laddr == nil {
		laddr = &net.UDPAddr{}
	}
	fail := func(err error) (*Conn, error) {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: laddr, Err: wrap("bind", err)}
	}
	if !h.ok() {
		return fail(syscall.EINVAL)
	}
	both := network == "udp" && (len(laddr.IP) == 0 || laddr.IP.IsUnspecified())
	c := &Conn{network: network, v6: both || network == "udp6" || network == "udp" && hasIPv6(laddr)}
	c.v4 = both || !c.v6
	at, err := sockaddr(laddr, c.v6)
	if err != nil {
		return fail(err)
	}
	c.port = at.Port()
	local := at.Addr().Unmap().WithZone("")
	if local.Is4() && !c.v4 {
		return fail(syscall.EINVAL)
	}
	if !local.IsUnspecified() && !local.IsMulticast() {
		c.bound = local
	}
	if err := h.bind(c, c); err != nil {
		return fail(err)
	}
	return c, nil
}

// DialUDP makes a connected socket as net.DialUDP does: it sends to raddr and receives from there only. A nil laddr is the address
// of the route, and a free port. The unspecified address is this host.
//
// Errors: ENETUNREACH without a route, and those of [Host.ListenUDP].
func (h *Host) DialUDP(network string, laddr, raddr *net.UDPAddr) (*Conn, error) {
	fail := func(err error) (*Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Source: opAddr(laddr), Addr: opAddr(raddr), Err: err}
	}
	if !known(network) {
		return fail(net.UnknownNetworkError(network))
	}
	if raddr == nil {
		return fail(errMissingAddress)
	}
	if !h.ok() {
		return fail(syscall.EINVAL)
	}
	v6 := network == "udp6" || network == "udp" && (hasIPv6(laddr) || hasIPv6(raddr))
	at, err := sockaddr(laddr, v6)
	src := sourceOf(at.Addr()).WithZone("")
	switch {
	case err != nil:
		return fail(wrap("bind", err))
	case src.Is4() && network == "udp6":
		return fail(wrap("bind", syscall.EINVAL))
	case src.IsValid() && !h.own[src]:
		return fail(wrap("bind", syscall.EADDRNOTAVAIL))
	}
	to, err := sockaddr(raddr, v6)
	remote := to.Addr().Unmap().WithZone("")
	switch {
	case err != nil:
		return fail(wrap("connect", err))
	case remote.Is4() && (network == "udp6" || src.Is6()):
		return fail(wrap("connect", syscall.ENETUNREACH))
	case remote.Is6() && src.Is4():
		return fail(wrap("connect", syscall.EAFNOSUPPORT))
	case remote.IsUnspecified():
		remote = h.thisHost(src, remote)
	}
	c := &Conn{network: network, port: at.Port(), v4: remote.Is4(), v6: remote.Is6(), remote: netip.AddrPortFrom(remote, to.Port())}
	p, err := h.path(src, remote)
	if err != nil {
		return fail(wrap("connect", err))
	}
	c.bound = p.src
	c.raddr = net.UDPAddrFromAddrPort(c.remote)
	// The kernel binds a socket to laddr before it connects it.
	before := &Conn{port: c.port, bound: src, v4: !v6 || network == "udp", v6: v6}
	if src.IsValid() {
		before.v4, before.v6 = src.Is4(), src.Is6()
	}
	if err := h.bind(c, before); err != nil {
		return fail(wrap("bind", err))
	}
	return c, nil
}

// bind completes a socket and gives it its port. If the caller has chosen the port, it must be available to before.
func (h *Host) bind(c, before *Conn) error {
	if c.bound.IsValid() && !h.own[c.bound] {
		return syscall.EADDRNOTAVAIL
	}
	c.host, c.number, c.limit = h, h.turn.Add(1), h.cfg.ReadQueue
	c.cond.L = &c.mu
	c.options.Store(&options{multicastTTL: 1, ttl: 64, dontFragment: false})
	if c.port != 0 && h.shared != nil {
		if !h.hold() {
			return net.ErrClosed
		}
		h.shared.buryAt(c.port)
		h.open.Done()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed.Load() {
		return net.ErrClosed
	}
	if c.port == 0 {
		if !h.choosePort(c) {
			return syscall.EADDRINUSE
		}
	} else if !h.available(before) || h.shared != nil && !h.shared.claim(c.port, h.cfg.ReusePort && !c.remote.IsValid()) {
		return syscall.EADDRINUSE
	}
	ip := netip.IPv4Unspecified()
	switch {
	case c.bound.IsValid():
		ip = c.bound
	case c.v6:
		ip = netip.IPv6Unspecified()
	}
	c.laddr = &net.UDPAddr{IP: ip.AsSlice(), Port: int(c.port)}
	old := h.sockets[c.port].Load()
	s := &socket{conns: []*Conn{c}}
	if old != nil {
		s.conns = append(slices.Clone(old.conns), c)
	}
	h.sockets[c.port].Store(s)
	h.conns[c] = struct{}{}
	h.open.Add(1)
	return nil
}

// hold keeps the host in its Shared until h.open.Done. It reports false if the host has ended.
func (h *Host) hold() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed.Load() {
		return false
	}
	h.open.Add(1)
	return true
}

// choosePort gives a socket a local port, if possible one with which the answers to a connected socket reach the queues of this host.
func (h *Host) choosePort(c *Conn) bool {
	var ours func(port uint16) bool
	if c.remote.IsValid() {
		ours = h.ports(c.bound, c.remote)
	}
	const n = lastPort - firstPort + 1
	for {
		for i, start := 0, rand.IntN(n); i < n; i++ {
			c.port = uint16(firstPort + (start+i)%n)
			if (ours == nil || ours(c.port)) && h.available(c) && (h.shared == nil || h.shared.claim(c.port, false)) {
				return true
			}
		}
		if ours == nil {
			return false
		}
		ours = nil // none of them is free: any other
	}
}

// available reports whether no other socket has the port and address of c.
func (h *Host) available(c *Conn) bool {
	s := h.sockets[c.port].Load()
	if s == nil {
		return true
	}
	for _, o := range s.conns {
		if (o.v4 && c.v4 || o.v6 && c.v6) && (!o.bound.IsValid() || !c.bound.IsValid() || o.bound == c.bound) {
			return false
		}
	}
	return true
}

// unbind frees the port of a socket.
func (h *Host) unbind(c *Conn) {
	delete(h.conns, c)
	old := h.sockets[c.port].Load()
	conns := slices.Clone(old.conns)
	conns = slices.DeleteFunc(conns, func(o *Conn) bool { return o == c })
	if len(conns) == 0 {
		h.sockets[c.port].Store(nil)
		if h.shared != nil {
			h.shared.unclaim(c.port, h.shared.bit)
		}
		return
	}
	h.sockets[c.port].Store(&socket{conns})
}

// patience is how long a call that writes without a deadline waits for the port.
const patience = time.Second
