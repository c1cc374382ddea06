package header

// Headers are the headers of a packet: their types, and the length of each in bytes. The length
// of a layer is 0 if the packet does not have it. Only headers that are there as a whole count.
//
// L2Len includes VLAN tags and MPLS labels, L3Len includes IPv4 options and IPv6 extension
// headers. The tunnel's header, such as VXLAN or GRE, is TunnelLen bytes; the UDP header before
// VXLAN is L4. InnerL2Len is the length of the Ethernet header in the tunnel, with its tags.
type Headers struct {
	Type PacketType

	L2Len, L3Len, L4Len uint16
	TunnelLen           uint16
	InnerL2Len          uint16
	InnerL3Len          uint16
	InnerL4Len          uint16
}

// L3 returns the offset of the L3 header in the packet. It is the end of the known headers if the
// packet has none; the same holds for the methods below.
func (h *Headers) L3() int { return int(h.L2Len) }

// L4 returns the offset of the L4 header, or of the data of a fragment.
func (h *Headers) L4() int { return int(h.L2Len) + int(h.L3Len) }

// Tunnel returns the offset of the header of the tunnel.
func (h *Headers) Tunnel() int { return h.L4() + int(h.L4Len) }

// InnerL2 returns the offset of the Ethernet header in the tunnel.
func (h *Headers) InnerL2() int { return h.Tunnel() + int(h.TunnelLen) }

// InnerL3 returns the offset of the L3 header in the tunnel.
func (h *Headers) InnerL3() int { return h.InnerL2() + int(h.InnerL2Len) }

// InnerL4 returns the offset of the L4 header in the tunnel.
func (h *Headers) InnerL4() int { return h.InnerL3() + int(h.InnerL3Len) }

// Len returns the length of all headers: the offset of the payload.
func (h *Headers) Len() int { return h.InnerL4() + int(h.InnerL4Len) }

// Parse finds the headers of an Ethernet frame. It returns the packet type that DPDK's
// rte_net_get_ptype returns for valid packets, and more: ARP and other EtherTypes, ICMP, IGMP,
// MPLS labels, and tunnels over UDP by the destination port. It checks that each header is there as
// a whole and that its length and version are valid. It does not check the length of the packet in
// the IP header, and no checksum.
//
// Implements: rte_net_get_ptype
func Parse(frame []byte) (h Headers) {
	h.Parse(frame)
	return h
}

// Parse sets h to the headers of an Ethernet frame. It finds the same as the function [Parse], and is
// faster for a variable that is used again: nothing is copied.
//
// Implements: rte_net_get_ptype
func (h *Headers) Parse(frame []byte) {
	// The most common packets take a straight path: TCP or UDP over IPv4 without options or IPv6
	// without extension headers, with at most one VLAN tag. All others, and all errors, are for
	// parse.
	if len(frame) < EthernetLen+IPv4MinLen+UDPLen {
		h.parse(frame)
		return
	}
	kind, l2, b, t := L2Ether, EthernetLen, frame[EthernetLen:], EtherType(be.Uint16(frame[12:14]))
	if t == EtherTypeVLAN {
		kind, l2, b, t = L2EtherVLAN, EthernetLen+VLANLen, b[VLANLen:], EtherType(be.Uint16(b[2:4]))
	}
	var protocol Protocol
	var l3 int
	switch {
	case t == EtherTypeIPv4 && len(b) >= IPv4MinLen && b[0] == 4<<4|IPv4MinLen/4 && be.Uint16(b[6:8])&0x3fff == 0:
		kind, l3, protocol, b = kind|L3IPv4, IPv4MinLen, Protocol(b[9]), b[IPv4MinLen:]
	case t == EtherTypeIPv6 && len(b) >= IPv6Len && b[0]>>4 == 6:
		kind, l3, protocol, b = kind|L3IPv6, IPv6Len, Protocol(b[6]), b[IPv6Len:]
	default:
		h.parse(frame)
		return
	}
	l4 := UDPLen
	switch {
	case protocol == ProtocolTCP && len(b) >= TCPMinLen:
		l4 = int(b[12]>>4) * 4
		if l4 < TCPMinLen || l4 > len(b) {
			h.parse(frame)
			return
		}
		kind |= L4TCP
	case protocol == ProtocolUDP && len(b) >= UDPLen:
		switch be.Uint16(b[2:4]) {
		case PortVXLAN, PortVXLANGPE, PortGeneve, PortGTPC, PortGTPU, PortMPLSInUDP:
			h.parse(frame)
			return
		}
		kind |= L4UDP
	default:
		h.parse(frame)
		return
	}
	*h = Headers{Type: kind, L2Len: uint16(l2), L3Len: uint16(l3), L4Len: uint16(l4)}
}

// parse does the same as Parse for all packets. It is not inlined: Parse needs no stack for a parser.
//
//go:noinline
func (h *Headers) parse(frame []byte) {
	*h = Headers{}
	p := parser{b: frame}
	p.frame(h)
}

// Chunk is the bytes of a packet from some offset on, for [ParseChunks]: at most 64.
type Chunk struct {
	Bytes [64]byte
	Len   int
}

// ParseChunks does the same as [Parse] for a packet in several parts. first is the first part. read returns the
// bytes of the packet from an offset on: as many as fit, or the rest of the packet.
func ParseChunks(first []byte, read func(off int) Chunk) (h Headers) {
	p := parser{b: first, read: read}
	p.frame(&h)
	return h
}

type parser struct {
	b     []byte
	read  func(off int) Chunk // nil if b is the whole packet
	chunk Chunk
}

// at returns n bytes of the packet from off on, at most 64, or nil.
func (p *parser) at(off, n int) []byte {
	if off+n <= len(p.b) {
		return p.b[off : off+n]
	}
	return p.far(off, n)
}

func (p *parser) far(off, n int) []byte {
	if p.read == nil {
		return nil
	}
	if p.chunk = p.read(off); p.chunk.Len < n {
		return nil
	}
	return p.chunk.Bytes[:n]
}

// Limits of headers that repeat.
const (
	maxTags   = 8
	maxLabels = 8
)

// frame parses a whole packet.
func (p *parser) frame(h *Headers) {
	e := p.at(0, EthernetLen)
	if e == nil {
		return
	}
	h.Type = L2Ether
	off := EthernetLen
	t := EtherType(be.Uint16(e[12:14]))
	if t != EtherTypeIPv4 && t != EtherTypeIPv6 {
		t, off = p.link(h, t, off)
	}
	h.L2Len = uint16(off)

	n, ok := p.network(t, off)
	if !ok {
		return
	}
	h.Type |= n.l3 | n.l4
	h.L3Len, h.L4Len = uint16(n.l3Len), uint16(n.l4Len)
	off += n.l3Len + n.l4Len
	switch {
	case n.l4 == L4UDP:
		p.udpTunnel(h, off)
	case n.protocol == ProtocolGRE || n.protocol == ProtocolIPv4 || n.protocol == ProtocolIPv6:
		if n.l4 == 0 {
			p.ipTunnel(h, n.protocol, off)
		}
	}
}

// link parses what follows an Ethernet header and is not IP.
func (p *parser) link(h *Headers, t EtherType, off int) (EtherType, int) {
	t, end := p.tags(t, off)
	switch {
	case end == off+VLANLen && EtherType(be.Uint16(p.at(off-2, 2))) == EtherTypeVLAN:
		h.Type = L2EtherVLAN
	case end > off:
		h.Type = L2EtherQinQ
	default:
		switch t {
		case EtherTypeARP:
			h.Type = L2EtherARP
		case EtherTypeLLDP:
			h.Type = L2EtherLLDP
		case EtherTypeTimesync:
			h.Type = L2EtherTimesync
		case EtherTypeNSH:
			h.Type = L2EtherNSH
		case EtherTypePPPoED, EtherTypePPPoES:
			h.Type = L2EtherPPPoE
		case EtherTypeFCoE:
			h.Type = L2EtherFCoE
		}
	}
	if t == EtherTypeMPLS || t == EtherTypeMPLSM {
		if inner, n, ok := p.labels(end); ok {
			h.Type = L2EtherMPLS
			return inner, end + n
		}
	}
	return t, end
}

// tags skips VLAN tags, and returns the EtherType behind them.
func (p *parser) tags(t EtherType, off int) (EtherType, int) {
	for range maxTags {
		if t != EtherTypeVLAN && t != EtherTypeQinQ {
			break
		}
		v := p.at(off, VLANLen)
		if v == nil {
			break
		}
		t = EtherType(be.Uint16(v[2:4]))
		off += VLANLen
	}
	return t, off
}

// labels returns the length of a whole label stack, and the type of the packet behind it, which
// only its first four bits show.
func (p *parser) labels(off int) (t EtherType, n int, ok bool) {
	for range maxLabels {
		m := p.at(off+n, MPLSLen)
		if m == nil {
			return 0, 0, false
		}
		n += MPLSLen
		if MPLS(m).Bottom() {
			if v := p.at(off+n, 1); v != nil {
				switch v[0] >> 4 {
				case 4:
					t = EtherTypeIPv4
				case 6:
					t = EtherTypeIPv6
				}
			}
			return t, n, true
		}
	}
	return 0, 0, false
}

// network is an L3 header and the L4 header behind it.
type network struct {
	l3, l4       PacketType
	l3Len, l4Len int
	protocol     Protocol // behind L3; ProtocolNone if it is unknown
}

// network parses an IP header. ok is false if there is none.
func (p *parser) network(t EtherType, off int) (n network, ok bool) {
	n.protocol = ProtocolNone
	switch t {
	case EtherTypeIPv4:
		ip := p.at(off, IPv4MinLen)
		if ip == nil || ip[0]>>4 != 4 {
			return n, false
		}
		fragment := be.Uint16(ip[6:8])&0x3fff != 0
		protocol := Protocol(ip[9])
		n.l3, n.l3Len = L3IPv4, int(ip[0]&15)*4
		if n.l3Len != IPv4MinLen {
			if n.l3Len < IPv4MinLen || p.at(off, n.l3Len) == nil {
				return network{}, false
			}
			n.l3 = L3IPv4Ext
		}
		if fragment {
			n.l4 = L4Frag
			return n, true
		}
		n.protocol = protocol
	case EtherTypeIPv6:
		ip := p.at(off, IPv6Len)
		if ip == nil || ip[0]>>4 != 6 {
			return n, false
		}
		n.l3, n.l3Len, n.protocol = L3IPv6, IPv6Len, Protocol(ip[6])
		switch n.protocol {
		case ProtocolTCP, ProtocolUDP, ProtocolICMPv6: // the common ones
		case ProtocolESP, ProtocolAH:
			n.l3 = L3IPv6Ext
		case ProtocolHopByHop, ProtocolRouting, ProtocolDestination, ProtocolFragment:
			n.l3 = L3IPv6Ext
			if done := p.extensions(&n, off); done {
				return n, true
			}
		}
	default:
		return n, false
	}
	p.transport(&n, off+n.l3Len)
	return n, true
}

// extensions skips extension headers. It reports whether no L4 header follows: the packet is a
// fragment, or the headers are not there as a whole.
func (p *parser) extensions(n *network, off int) (done bool) {
	protocol, length := n.protocol, n.l3Len
	n.protocol = ProtocolNone
	for range maxExtensions {
		switch protocol {
		case ProtocolHopByHop, ProtocolRouting, ProtocolDestination, ProtocolFragment:
		default:
			n.protocol, n.l3Len = protocol, length
			return protocol == ProtocolNone
		}
		x := p.at(off+length, 8) // all are at least as long
		if x == nil {
			return true
		}
		if protocol == ProtocolFragment {
			n.l3Len, n.l4 = length+FragmentLen, L4Frag
			return true
		}
		size := (int(x[1]) + 1) * 8
		protocol = Protocol(x[0])
		if p.at(off+length+size-1, 1) == nil {
			return true
		}
		length += size
	}
	return true
}

// transport parses the header behind L3.
func (p *parser) transport(n *network, off int) {
	switch n.protocol {
	case ProtocolTCP:
		t := p.at(off, TCPMinLen)
		if t == nil {
			return
		}
		size := int(t[12]>>4) * 4
		if size < TCPMinLen || size > TCPMinLen && p.at(off, size) == nil {
			return
		}
		n.l4, n.l4Len = L4TCP, size
	case ProtocolUDP:
		if p.at(off, UDPLen) != nil {
			n.l4, n.l4Len = L4UDP, UDPLen
		}
	case ProtocolSCTP:
		if p.at(off, SCTPLen) != nil {
			n.l4, n.l4Len = L4SCTP, SCTPLen
		}
	case ProtocolICMP:
		if n.l3.IsIPv4() && p.at(off, ICMPLen) != nil {
			n.l4, n.l4Len = L4ICMP, ICMPLen
		}
	case ProtocolICMPv6:
		if n.l3.IsIPv6() && p.at(off, ICMPLen) != nil {
			n.l4, n.l4Len = L4ICMP, ICMPLen
		}
	case ProtocolIGMP:
		if n.l3.IsIPv4() && p.at(off, igmpLen) != nil {
			n.l4, n.l4Len = L4IGMP, igmpLen
		}
	}
}

const igmpLen = 8

// udpTunnel parses the tunnels over UDP by their ports. off is the end of the UDP header.
func (p *parser) udpTunnel(h *Headers, off int) {
	switch port := be.Uint16(p.at(off-UDPLen+2, 2)); port {
	case PortVXLAN:
		if v := p.at(off, VXLANLen); v != nil && v[0]&8 != 0 {
			p.inner(h, TunnelVXLAN, VXLANLen, EtherTypeTEB, off)
		}
	case PortVXLANGPE:
		v := p.at(off, VXLANLen)
		if v == nil {
			return
		}
		var t EtherType
		switch v[3] {
		case 1:
			t = EtherTypeIPv4
		case 2:
			t = EtherTypeIPv6
		case 3:
			t = EtherTypeTEB
		}
		p.inner(h, TunnelVXLANGPE, VXLANLen, t, off)
	case PortGeneve:
		g := p.at(off, GeneveMinLen)
		if g == nil || g[0]>>6 != 0 {
			return
		}
		n, t := GeneveMinLen+int(g[0]&63)*4, EtherType(be.Uint16(g[2:4]))
		if p.at(off+n-1, 1) != nil {
			p.inner(h, TunnelGeneve, n, t, off)
		}
	case PortGTPC, PortGTPU:
		p.gtp(h, port, off)
	case PortMPLSInUDP:
		if t, n, ok := p.labels(off); ok {
			p.inner(h, TunnelMPLSInUDP, n, t, off)
		}
	}
}

// gtp parses GTP of version 1 over UDP.
func (p *parser) gtp(h *Headers, port uint16, off int) {
	g := p.at(off, 8)
	if g == nil || g[0]>>5 != 1 {
		return
	}
	n, next, data := 8, byte(0), g[1] == 0xff
	if g[0]&7 != 0 { // sequence number, N-PDU number and extension headers have fields then
		extended := g[0]&4 != 0
		if g = p.at(off, 12); g == nil {
			return
		}
		n = 12
		if extended {
			next = g[11]
		}
	}
	for range maxExtensions {
		if next == 0 {
			break
		}
		x := p.at(off+n, 1)
		if x == nil || x[0] == 0 {
			return
		}
		size := int(x[0]) * 4
		if x = p.at(off+n+size-1, 1); x == nil {
			return
		}
		n, next = n+size, x[0]
	}
	if next != 0 {
		return
	}
	tunnel := TunnelGTPU
	if port == PortGTPC {
		tunnel = TunnelGTPC
	}
	var t EtherType
	if v := p.at(off+n, 1); data && v != nil {
		switch v[0] >> 4 {
		case 4:
			t = EtherTypeIPv4
		case 6:
			t = EtherTypeIPv6
		}
	}
	p.inner(h, tunnel, n, t, off)
}

// ipTunnel parses the tunnels directly over IP. off is the end of the IP header.
func (p *parser) ipTunnel(h *Headers, protocol Protocol, off int) {
	switch protocol {
	case ProtocolIPv4:
		p.inner(h, TunnelIP, 0, EtherTypeIPv4, off)
	case ProtocolIPv6:
		p.inner(h, TunnelIP, 0, EtherTypeIPv6, off)
	case ProtocolGRE:
		g := p.at(off, GREMinLen)
		if g == nil {
			return
		}
		n, t := greLen(g[0], g[1]), EtherType(be.Uint16(g[2:4]))
		if n == 0 || p.at(off, n) == nil {
			return
		}
		tunnel := TunnelGRE
		switch t {
		case EtherTypeTEB:
			tunnel = TunnelNVGRE
		case EtherTypeMPLS, EtherTypeMPLSM:
			if inner, size, ok := p.labels(off + n); ok {
				tunnel, n, t = TunnelMPLSInGRE, n+size, inner
			}
		}
		p.inner(h, tunnel, n, t, off)
	}
}

// innerL3 are the types of inner L3 headers by those of outer ones.
var innerL3 = [16]PacketType{L3IPv4 >> 4: InnerL3IPv4, L3IPv4Ext >> 4: InnerL3IPv4Ext, L3IPv6 >> 4: InnerL3IPv6, L3IPv6Ext >> 4: InnerL3IPv6Ext}

// inner sets the tunnel, with a header of n bytes at off, and parses the packet in it.
func (p *parser) inner(h *Headers, tunnel PacketType, n int, t EtherType, off int) {
	h.Type |= tunnel
	h.TunnelLen = uint16(n)
	off += n
	if t == EtherTypeTEB {
		e := p.at(off, EthernetLen)
		if e == nil {
			return
		}
		h.Type |= InnerL2Ether
		t = EtherType(be.Uint16(e[12:14]))
		end := off + EthernetLen
		if first := t; t == EtherTypeVLAN || t == EtherTypeQinQ {
			var tagged int
			t, tagged = p.tags(t, end)
			switch {
			case tagged == end+VLANLen && first == EtherTypeVLAN:
				h.Type = h.Type&^InnerL2Mask | InnerL2EtherVLAN
			case tagged > end:
				h.Type = h.Type&^InnerL2Mask | InnerL2EtherQinQ
			}
			end = tagged
		}
		h.InnerL2Len = uint16(end - off)
		off = end
	}
	net, ok := p.network(t, off)
	if !ok {
		return
	}
	if net.l4 == L4IGMP { // DPDK has no type for it
		net.l4, net.l4Len = 0, 0
	}
	h.Type |= innerL3[net.l3>>4] | net.l4<<16
	h.InnerL3Len, h.InnerL4Len = uint16(net.l3Len), uint16(net.l4Len)
}
