package udp

import (
	"net/netip"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Codes of ICMP.
const (
	code4Protocol = 2
	code4Port     = 3
	code4TooBig   = 4
	code6Port     = 4 // of ICMPv6Unreachable
	code6Next     = 1 // of ICMPv6Parameter

	maxError4 = 576 // bytes of an IP packet with an ICMP error
	maxError6 = minMTU6
)

// cause is why a packet has no receiver.
type cause int

const (
	portUnreachable cause = iota
	protocolUnreachable
)

// icmp returns the bytes of the ICMP packet in m if its checksum is right. The packet is in the first segment, or copied.
func (q *queue) icmp(m *mbuf.Mbuf, protocol header.Protocol) (b []byte, drop Drop, ok bool) {
	p := &q.p
	n := p.end - p.l4
	if n < header.ICMPLen {
		return nil, DropMalformed, false
	}
	if b, ok = m.Read(p.l4, n, nil); !ok { // in several segments
		if b, ok = m.Read(p.l4, n, make([]byte, n)); !ok {
			return nil, DropMalformed, false
		}
	}
	sum := header.RawChecksum(b)
	if protocol == header.ProtocolICMPv6 {
		sum = header.CombineChecksums(sum, 0, header.PseudoChecksum(p.src, p.dst, protocol, n))
	}
	if sum != 0xffff {
		return nil, DropChecksum, false
	}
	return b, 0, true
}

// icmp4 handles an ICMP packet.
func (q *queue) icmp4(m *mbuf.Mbuf) (Drop, bool) {
	b, drop, ok := q.icmp(m, header.ProtocolICMP)
	if !ok {
		return drop, false
	}
	switch b[0] {
	case header.ICMPEchoRequest:
		return q.echo(m, b, header.ICMPEchoReply)
	case header.ICMPUnreachable:
		if e, ok := parseError4(b[header.ICMPLen:]); ok {
			if q.handError(m, e, b[1] == code4TooBig) {
				return 0, true
			}
			switch b[1] {
			case code4Port:
				q.refused(e, syscall.ECONNREFUSED)
			case code4Protocol:
				q.refused(e, syscall.ENOPROTOOPT)
			case code4TooBig:
				mtu := int(be.Uint16(b[6:8]))
				if mtu == 0 { // a router older than RFC 1191
					mtu = plateau(e.total)
				}
				q.tooBig(e, max(mtu, minMTU4))
			}
		}
	}
	q.host.free(0, m)
	return 0, true
}

// icmp6 handles an ICMPv6 packet.
func (q *queue) icmp6(m *mbuf.Mbuf) (Drop, bool) {
	b, drop, ok := q.icmp(m, header.ProtocolICMPv6)
	if !ok {
		return drop, false
	}
	switch b[0] {
	case header.ICMPv6EchoRequest:
		return q.echo(m, b, header.ICMPv6EchoReply)
	case header.ICMPv6NeighborSol, header.ICMPv6NeighborAdv:
		if drop, ok := q.neighbourMessage(b); !ok {
			return drop, false
		}
	case typeMLDQuery:
		if q.p.ttl != 1 || !q.p.src.IsLinkLocalUnicast() { // not of a router on the link
			return DropMalformed, false
		}
		q.handQuery(m)
		q.host.groups.query6(b)
	case header.ICMPv6Unreachable:
		if e, ok := parseError6(b[header.ICMPLen:]); ok && b[1] == code6Port {
			if q.handError(m, e, false) {
				return 0, true
			}
			q.refused(e, syscall.ECONNREFUSED)
		}
	case header.ICMPv6TooBig:
		if e, ok := parseError6(b[header.ICMPLen:]); ok {
			q.handError(m, e, true)
			q.tooBig(e, max(int(min(be.Uint32(b[4:8]), 1<<16)), minMTU6))
		}
	}
	q.host.free(0, m)
	return 0, true
}

// echo turns a ping into its answer and sends it.
func (q *queue) echo(m *mbuf.Mbuf, b []byte, reply byte) (Drop, bool) {
	h, p := q.host, &q.p
	if !h.own[p.dst] || b[1] != 0 { // pings to all stations are not answered
		return DropOtherHost, false
	}
	if !h.echoes.take() {
		return DropICMPLimited, false
	}
	size := header.IPv4MinLen
	if p.kind == ipv6 {
		size = header.IPv6Len
	}
	if size+len(b) > h.cfg.MTU {
		q.longEcho(b, reply)
		h.free(0, m)
		return 0, true
	}
	out, frame := h.control(h.frameLen(size + len(b)))
	if out == nil {
		return DropNoMbuf, false
	}
	var icmp []byte
	if p.kind == ipv4 {
		icmp = h.ip4(frame, p.fromMAC, p.dst, p.src, header.ProtocolICMP, len(b))
	} else {
		icmp = h.ip6(frame, p.fromMAC, p.dst, p.src, 64, len(b))
	}
	copy(icmp, b)
	icmp[0] = reply
	old := uint16(b[0]) << 8
	header.ICMP(icmp).SetChecksum(header.UpdateChecksum16(be.Uint16(b[2:]), old, uint16(reply)<<8))
	q.count.echoReplies.Add(1)
	h.answer(out, q)
	h.free(0, m)
	return 0, true
}

// longEcho answers a ping that was reassembled, in fragments.
func (q *queue) longEcho(b []byte, reply byte) {
	h, p := q.host, &q.p
	to, err := h.path(p.dst, p.src)
	if err != nil {
		return
	}
	icmp := append([]byte(nil), b...)
	icmp[0] = reply
	header.ICMP(icmp).SetChecksum(header.UpdateChecksum16(be.Uint16(b[2:]), uint16(b[0])<<8, uint16(reply)<<8))
	pkts, err := h.split(q, to, p.protocol, 0, 64, icmp, nil)
	if err != nil {
		return
	}
	q.count.echoReplies.Add(1)
	for _, f := range pkts {
		setDestination(f, p.fromMAC)
		h.answer(f, q)
	}
}

// unreachable sends the ICMP error for the current packet, unless none may be sent.
func (q *queue) unreachable(m *mbuf.Mbuf, why cause) {
	h, p := q.host, &q.p
	if !h.own[p.dst] || p.toMAC.IsMulticast() || p.src.IsUnspecified() {
		return
	}
	if !h.errors.take() {
		q.count.drops[DropICMPLimited].Add(1)
		return
	}
	size, limit := header.IPv4MinLen+header.ICMPLen, maxError4
	if p.kind == ipv6 {
		size, limit = header.IPv6Len+header.ICMPLen, maxError6
	}
	n := min(p.end-p.l3, limit-size, m.DataLen()-p.l3)
	out, frame := h.control(h.frameLen(size + n))
	if out == nil {
		return
	}
	original := m.Data()[p.l3 : p.l3+n]
	var icmp []byte
	if p.kind == ipv4 {
		icmp = h.ip4(frame, p.fromMAC, p.dst, p.src, header.ProtocolICMP, header.ICMPLen+n)
		icmp[0], icmp[1] = header.ICMPUnreachable, code4Port
		if why == protocolUnreachable {
			icmp[1] = code4Protocol
		}
		copy(icmp[header.ICMPLen:], original)
		header.ICMP(icmp).SetChecksum(header.Checksum(icmp))
	} else {
		icmp = h.ip6(frame, p.fromMAC, p.dst, p.src, 64, header.ICMPLen+n)
		icmp[0], icmp[1] = header.ICMPv6Unreachable, code6Port
		if why == protocolUnreachable {
			icmp[0], icmp[1] = header.ICMPv6Parameter, code6Next
			be.PutUint32(icmp[4:], uint32(p.next-p.l3))
		}
		copy(icmp[header.ICMPLen:], original)
		finish6(icmp, p.dst, p.src)
	}
	q.count.txErrors.Add(1)
	h.answer(out, q)
}

// reported is the datagram that an ICMP error is about.
type reported struct {
	src, dst         netip.Addr
	srcPort, dstPort uint16
	total            int // length of its packet
}

// parseError4 reads the start of an IPv4 packet. ok is false if it is not a UDP datagram with its ports.
func parseError4(b []byte) (e reported, ok bool) {
	if len(b) < header.IPv4MinLen || b[0]>>4 != 4 {
		return e, false
	}
	n := int(b[0]&15) * 4
	if n < header.IPv4MinLen || len(b) < n+header.UDPLen || header.Protocol(b[9]) != header.ProtocolUDP || be.Uint16(b[6:8])&0x1fff != 0 {
		return e, false
	}
	e.src, e.dst, e.total = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20])), int(be.Uint16(b[2:4]))
	e.srcPort, e.dstPort = be.Uint16(b[n:]), be.Uint16(b[n+2:])
	return e, true
}

// parseError6 does the same for IPv6. This host sends no extension headers but a fragment header.
func parseError6(b []byte) (e reported, ok bool) {
	if len(b) < header.IPv6Len || b[0]>>4 != 6 {
		return e, false
	}
	e.src, e.dst, e.total = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40])), header.IPv6Len+int(be.Uint16(b[4:6]))
	protocol, b := header.Protocol(b[6]), b[header.IPv6Len:]
	if protocol == header.ProtocolFragment && len(b) >= header.FragmentLen && be.Uint16(b[2:4])>>3 == 0 {
		protocol, b = header.Protocol(b[0]), b[header.FragmentLen:]
	}
	if protocol != header.ProtocolUDP || len(b) < header.UDPLen {
		return e, false
	}
	e.srcPort, e.dstPort = be.Uint16(b), be.Uint16(b[2:])
	return e, true
}

// refused reports an ICMP error to the connected Conn that sent the datagram.
func (q *queue) refused(e reported, err syscall.Errno) {
	c := q.host.sockets[e.srcPort].Load().find(e.src, e.dst, e.dstPort)
	if c == nil || !q.host.own[e.src] {
		return
	}
	q.count.rxErrors.Add(1)
	if c.remote.IsValid() {
		c.fail(err)
	}
}

// tooBig lowers the path MTU. The error must be about a packet that the host may have sent: it was larger than this MTU, a
// socket has its port, and the path was used. A stranger would have to guess that.
func (q *queue) tooBig(e reported, mtu int) {
	h := q.host
	if mtu >= e.total || mtu >= h.cfg.MTU || !h.own[e.src] || h.sockets[e.srcPort].Load().find(e.src, e.dst, e.dstPort) == nil {
		return
	}
	if h.paths.lower(e.src, e.dst, mtu) {
		q.count.rxErrors.Add(1)
	}
}

// plateau returns the next smaller usual MTU (RFC 1191).
func plateau(n int) int {
	for _, mtu := range [...]int{32000, 17914, 8166, 4352, 2002, 1492, 1006, minMTU4} {
		if mtu < n {
			return mtu
		}
	}
	return minMTU4
}
