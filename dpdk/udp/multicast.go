package udp

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const (
	typeIGMPQuery  = 0x11
	typeIGMPReport = 0x16 // of IGMPv2
	typeIGMPLeave  = 0x17
	typeMLDQuery   = 130
	typeMLDReport  = 131 // of MLDv1
	typeMLDDone    = 132
	igmpLen        = 8
	mldLen         = 24
)

var (
	allHosts    = netip.AddrFrom4([4]byte{224, 0, 0, 1})
	allRouters4 = netip.AddrFrom4([4]byte{224, 0, 0, 2})
	allRouters6 = netip.MustParseAddr("ff02::2")
)

// groups are the multicast groups of a host.
type groups struct {
	host   *Host
	mu     sync.Mutex
	joined map[netip.Addr]int // number of sockets, and of addresses for solicited-node groups
	set    atomic.Pointer[map[netip.Addr]struct{}]
}

func (g *groups) init(h *Host) {
	g.host, g.joined = h, map[netip.Addr]int{allHosts: 1, netip.IPv6LinkLocalAllNodes(): 1}
	for _, a := range h.addrs {
		if a.Addr().Is6() {
			g.joined[header.SolicitedNode(a.Addr())]++
		}
	}
	g.publish()
}

// publish makes the groups known to the pollers.
func (g *groups) publish() {
	set := make(map[netip.Addr]struct{}, len(g.joined))
	for a := range g.joined {
		set[a] = struct{}{}
	}
	g.set.Store(&set)
}

// has reports whether a is a group of the host.
func (g *groups) has(a netip.Addr) bool {
	if !a.IsMulticast() {
		return false
	}
	_, ok := (*g.set.Load())[a]
	return ok
}

// start sets the filter of the port and reports the groups.
func (g *groups) start() {
	g.filter()
	g.reportAll(netip.Addr{})
}

// filter makes the port receive the groups: only them if it can, otherwise all groups or all frames. A port that can do
// none of that receives all frames already, as net_ring does.
func (g *groups) filter() {
	var macs []net.HardwareAddr
	for a := range *g.set.Load() {
		m := header.MulticastMAC(a)
		macs = append(macs, m[:])
	}
	p := g.host.port
	if g.host.shared != nil { // the hosts do not know the groups of each other
		if p.SetAllMulticast(true) != nil {
			_ = p.SetPromiscuous(true)
		}
		return
	}
	if p.SetMulticast(macs) != nil && p.SetAllMulticast(true) != nil {
		_ = p.SetPromiscuous(true)
	}
}

// join adds a socket to a group.
func (g *groups) join(a netip.Addr) {
	g.mu.Lock()
	g.joined[a]++
	first := g.joined[a] == 1
	if first {
		g.publish()
		g.filter()
	}
	g.mu.Unlock()
	if first {
		g.report(a, false)
	}
}

// leave removes a socket from a group.
func (g *groups) leave(a netip.Addr) {
	g.mu.Lock()
	g.joined[a]--
	last := g.joined[a] == 0
	if last {
		delete(g.joined, a)
		g.publish()
		g.filter()
	}
	g.mu.Unlock()
	if last {
		g.report(a, true)
	}
}

// reportAll reports a group of the host, or all if only is the zero Addr, of both IP versions.
func (g *groups) reportAll(only netip.Addr) {
	for a := range *g.set.Load() {
		if !only.IsValid() || a == only {
			g.report(a, false)
		}
	}
}

// report sends to routers and switches that the host is a member of a group, or no longer. Groups of all stations are not reported.
func (g *groups) report(a netip.Addr, done bool) {
	h := g.host
	src := h.first(a.Is4())
	if a == allHosts || a == netip.IPv6LinkLocalAllNodes() || !src.IsValid() {
		return
	}
	if a.Is4() {
		to, kind := a, byte(typeIGMPReport)
		if done {
			to, kind = allRouters4, typeIGMPLeave
		}
		const options = 4
		m, b := h.control(h.frameLen(header.IPv4MinLen + options + igmpLen))
		if m == nil {
			return
		}
		b = b[h.ethernet(b, header.MulticastMAC(to), header.EtherTypeIPv4):]
		ip := header.IPv4(b)
		ip.Init(options + igmpLen)
		ip.SetLen(header.IPv4MinLen + options)
		ip.SetTTL(1)
		ip.SetProtocol(header.ProtocolIGMP)
		ip.SetSource(src)
		ip.SetDestination(to)
		copy(b[header.IPv4MinLen:], routerAlert4)
		ip.UpdateHeaderChecksum()
		igmp := b[header.IPv4MinLen+options:]
		igmp[0] = kind
		*(*[4]byte)(igmp[4:]) = a.As4()
		be.PutUint16(igmp[2:], header.Checksum(igmp))
		h.emit(m)
		return
	}
	to, kind := a, byte(typeMLDReport)
	if done {
		to, kind = allRouters6, typeMLDDone
	}
	const options = 8
	m, b := h.control(h.frameLen(header.IPv6Len + options + mldLen))
	if m == nil {
		return
	}
	icmp := h.ip6(b, header.MulticastMAC(to), src, to, 1, options+mldLen)
	header.IPv6(b[len(b)-len(icmp)-header.IPv6Len:]).SetNextHeader(header.ProtocolHopByHop)
	icmp[0] = byte(header.ProtocolICMPv6)
	copy(icmp[2:], routerAlert6)
	icmp = icmp[options:]
	icmp[0] = kind
	*(*[16]byte)(icmp[8:]) = a.As16()
	finish6(icmp, src, to)
	h.emit(m)
}

var (
	routerAlert4 = []byte{0x94, 4, 0, 0}
	routerAlert6 = []byte{5, 2, 0, 0, 1, 0} // and an option of padding
)

// igmp handles an IGMP packet: it answers queries at once.
func (q *queue) igmp(m *mbuf.Mbuf) (Drop, bool) {
	p := &q.p
	b := m.Data()
	if b = b[min(p.l4, len(b)):min(p.end, len(b))]; len(b) < igmpLen {
		return DropMalformed, false
	}
	if header.Checksum(b) != 0 {
		return DropChecksum, false
	}
	if p.ttl != 1 { // a router has forwarded it
		return DropMalformed, false
	}
	if b[0] == typeIGMPQuery {
		q.handQuery(m)
		q.host.groups.query(netip.AddrFrom4([4]byte(b[4:8])))
	}
	q.host.free(0, m)
	return 0, true
}

// query6 handles an MLD query, an ICMPv6 packet.
func (g *groups) query6(b []byte) {
	if len(b) >= mldLen {
		g.query(netip.AddrFrom16([16]byte(b[8:24])))
	}
}

// query answers a query for a group, or for all groups if it is unspecified.
func (g *groups) query(a netip.Addr) {
	limit := &g.host.errors
	if a.IsUnspecified() {
		a, limit = netip.Addr{}, &g.host.queries // it has many answers
	}
	if limit.take() {
		g.reportAll(a)
	}
}

// JoinGroup makes the socket receive the datagrams to a multicast group: those to its port. Datagrams of a group reach
// only sockets that have joined it, and each of them. The host joins by an IGMPv2 or MLDv1 report.
//
// Errors: EINVAL if group is not multicast, or not of an IP version of the socket; EADDRINUSE if the socket has joined it;
// net.ErrClosed.
func (c *Conn) JoinGroup(group netip.Addr) error {
	return c.change("join", group, func(now []netip.Addr, group netip.Addr) ([]netip.Addr, error) {
		if slices.Contains(now, group) {
			return nil, syscall.EADDRINUSE
		}
		c.host.groups.join(group)
		return append(slices.Clone(now), group), nil
	})
}

// LeaveGroup undoes JoinGroup. Close leaves all groups. Errors: EADDRNOTAVAIL if the socket has not joined it, and those of JoinGroup.
func (c *Conn) LeaveGroup(group netip.Addr) error {
	return c.change("leave", group, func(now []netip.Addr, group netip.Addr) ([]netip.Addr, error) {
		i := slices.Index(now, group)
		if i < 0 {
			return nil, syscall.EADDRNOTAVAIL
		}
		c.host.groups.leave(group)
		return slices.Delete(slices.Clone(now), i, i+1), nil
	})
}

// change replaces the groups of the socket.
func (c *Conn) change(op string, group netip.Addr, f func(now []netip.Addr, group netip.Addr) ([]netip.Addr, error)) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	group = group.Unmap().WithZone("")
	c.host.mu.Lock()
	defer c.host.mu.Unlock()
	var err error
	switch {
	case c.closed.Load():
		err = net.ErrClosed
	case !group.IsMulticast() || group.Is4() && !c.v4 || group.Is6() && !c.v6:
		err = syscall.EINVAL
	default:
		var now []netip.Addr
		if p := c.groups.Load(); p != nil {
			now = *p
		}
		if now, err = f(now, group); err == nil {
			c.groups.Store(&now)
			return nil
		}
	}
	return &net.OpError{Op: op, Net: c.network, Source: c.laddr, Addr: &net.IPAddr{IP: group.AsSlice()}, Err: err}
}
