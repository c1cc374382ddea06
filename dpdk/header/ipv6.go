package header

import "net/netip"

// IPv6Len is the length of an IPv6 header without extension headers.
const IPv6Len = 40

// IPv6 is an IPv6 header without its extension headers.
type IPv6 []byte

// ParseIPv6 returns the IPv6 header at the start of b and its payload, which begins with the
// extension headers if there are any: see [SkipExtensions]. Padding of the frame is not part of
// it. ok is false if b is not a whole IPv6 packet: it is too short or has another version. The
// payload of a jumbogram is empty.
//
// Implements: rte_ipv6_check_version
func ParseIPv6(b []byte) (ip IPv6, payload []byte, ok bool) {
	if len(b) < IPv6Len || b[0]>>4 != 6 {
		return nil, nil, false
	}
	end := IPv6Len + int(be.Uint16(b[4:6]))
	if end > len(b) {
		return nil, nil, false
	}
	return IPv6(b[:IPv6Len:IPv6Len]), b[IPv6Len:end:end], true
}

// Init sets the version and the length of the payload, extension headers included, and clears
// all other fields.
func (ip IPv6) Init(payload int) {
	clear(ip[:IPv6Len])
	ip[0] = 0x60
	ip.SetPayloadLen(uint16(payload))
}

// Version returns the version, which is 6.
func (ip IPv6) Version() int { return int(ip[0] >> 4) }

// TrafficClass returns the traffic class: DSCP and ECN.
func (ip IPv6) TrafficClass() uint8 { return uint8(be.Uint16(ip[0:2]) >> 4) }

// SetTrafficClass sets the traffic class.
func (ip IPv6) SetTrafficClass(c uint8) {
	be.PutUint16(ip[0:2], be.Uint16(ip[0:2])&0xf00f|uint16(c)<<4)
}

// DSCP returns the differentiated services code point, 0 to 63.
func (ip IPv6) DSCP() uint8 { return ip.TrafficClass() >> 2 }

// ECN returns the explicit congestion notification, 0 to 3.
func (ip IPv6) ECN() uint8 { return ip.TrafficClass() & 3 }

// SetECN sets the explicit congestion notification.
func (ip IPv6) SetECN(ecn uint8) { ip.SetTrafficClass(ip.TrafficClass()&^3 | ecn&3) }

// FlowLabel returns the flow label, 20 bits.
func (ip IPv6) FlowLabel() uint32 { return be.Uint32(ip[0:4]) & 0xfffff }

// SetFlowLabel sets the flow label.
func (ip IPv6) SetFlowLabel(l uint32) {
	be.PutUint32(ip[0:4], be.Uint32(ip[0:4])&^0xfffff|l&0xfffff)
}

// PayloadLen returns the length of the payload in bytes, extension headers included.
func (ip IPv6) PayloadLen() uint16 { return be.Uint16(ip[4:6]) }

// SetPayloadLen sets the length of the payload.
func (ip IPv6) SetPayloadLen(n uint16) { be.PutUint16(ip[4:6], n) }

// NextHeader returns the type of the header behind this one: the protocol, or an extension header.
func (ip IPv6) NextHeader() Protocol { return Protocol(ip[6]) }

// SetNextHeader sets the type of the header behind this one.
func (ip IPv6) SetNextHeader(p Protocol) { ip[6] = byte(p) }

// HopLimit returns the hop limit.
func (ip IPv6) HopLimit() uint8 { return ip[7] }

// SetHopLimit sets the hop limit.
func (ip IPv6) SetHopLimit(n uint8) { ip[7] = n }

// Source returns the source address.
func (ip IPv6) Source() netip.Addr { return netip.AddrFrom16([16]byte(ip[8:24])) }

// SetSource sets the source address. It writes an IPv4 address as ::ffff:a.b.c.d. It adjusts no
// checksum: see [UpdateChecksumBytes].
func (ip IPv6) SetSource(a netip.Addr) { *(*[16]byte)(ip[8:24]) = a.As16() }

// Destination returns the destination address.
func (ip IPv6) Destination() netip.Addr { return netip.AddrFrom16([16]byte(ip[24:40])) }

// SetDestination sets the destination address. It writes an IPv4 address as ::ffff:a.b.c.d. It
// adjusts no checksum: see [UpdateChecksumBytes].
func (ip IPv6) SetDestination(a netip.Addr) { *(*[16]byte)(ip[24:40]) = a.As16() }

// SwapAddresses exchanges the two addresses. No checksum changes.
func (ip IPv6) SwapAddresses() {
	s, d := [16]byte(ip[8:24]), [16]byte(ip[24:40])
	*(*[16]byte)(ip[8:24]), *(*[16]byte)(ip[24:40]) = d, s
}

// PseudoChecksum returns the sum of the pseudo header for an L4 packet of n bytes, not
// complemented. It is the number that a port that computes the checksum expects in the checksum
// field of TCP or UDP.
//
// Implements: rte_ipv6_phdr_cksum
func (ip IPv6) PseudoChecksum(p Protocol, n int) uint16 { return foldSum(ip.pseudo(p, n)) }

// pseudo returns the sum of the pseudo header for an L4 packet of n bytes.
func (ip IPv6) pseudo(p Protocol, n int) uint64 {
	return uint64(RawChecksum(ip[8:40])) + uint64(uint32(n)) + uint64(p)
}

// L4Checksum computes the checksum of the TCP, UDP or ICMPv6 packet l4, as if its checksum field
// were 0 already: the caller clears it first. A result of 0 of UDP is 0xffff instead. l4 is what
// follows the extension headers, as [SkipExtensions] returns it, with its protocol.
//
// Implements: rte_ipv6_udptcp_cksum
func (ip IPv6) L4Checksum(p Protocol, l4 []byte) uint16 {
	return finish(foldSum(ip.pseudo(p, len(l4))+uint64(RawChecksum(l4))), p)
}

// VerifyL4 reports whether the checksum of the TCP, UDP or ICMPv6 packet l4 is right. A UDP packet
// over IPv6 must have a checksum: 0 in the field is invalid, except in some tunnels.
//
// Implements: rte_ipv6_udptcp_cksum_verify
func (ip IPv6) VerifyL4(p Protocol, l4 []byte) bool {
	return foldSum(ip.pseudo(p, len(l4))+uint64(RawChecksum(l4))) == 0xffff
}

// NextExtension returns the length of the IPv6 extension header of type p at the start of b, and
// the type of the header behind it. ok is false if p is not an extension header, or b is too
// short for its first two bytes. n may be larger than len(b).
//
// Implements: rte_ipv6_get_next_ext
func NextExtension(p Protocol, b []byte) (next Protocol, n int, ok bool) {
	if len(b) < 2 {
		return 0, 0, false
	}
	switch p {
	case ProtocolHopByHop, ProtocolRouting, ProtocolDestination:
		n = (int(b[1]) + 1) * 8
	case ProtocolAH:
		n = (int(b[1]) + 2) * 4
	case ProtocolFragment:
		n = FragmentLen
	default:
		return 0, 0, false
	}
	return Protocol(b[0]), n, true
}

// maxExtensions is the largest number of extension headers that are skipped, as in DPDK.
const maxExtensions = 5

// SkipExtensions skips the extension headers at the start of the payload of an IPv6 packet. p is
// the next header of the IPv6 header. It returns the protocol behind them, the rest of the
// payload, and whether the packet is a fragment: a fragment header is the last one that it skips,
// and what follows is the data of the fragment. An authentication header is returned as a protocol.
// ok is false if the payload is too short, or has more than 4 extension headers.
//
// Implements: rte_net_skip_ip6_ext
func SkipExtensions(p Protocol, payload []byte) (protocol Protocol, rest []byte, fragment, ok bool) {
	for range maxExtensions {
		switch p {
		case ProtocolHopByHop, ProtocolRouting, ProtocolDestination, ProtocolFragment:
		default:
			return p, payload, false, true
		}
		next, n, ok := NextExtension(p, payload)
		if !ok || n > len(payload) {
			return 0, nil, false, false
		}
		if p == ProtocolFragment {
			return next, payload[n:], true, true
		}
		p, payload = next, payload[n:]
	}
	return 0, nil, false, false
}

// FragmentLen is the length of the IPv6 fragment header.
const FragmentLen = 8

// Fragment is an IPv6 fragment header.
type Fragment []byte

// ParseFragment returns the fragment header at the start of b, and the data of the fragment. ok is
// false if b is too short.
func ParseFragment(b []byte) (f Fragment, data []byte, ok bool) {
	if len(b) < FragmentLen {
		return nil, nil, false
	}
	return Fragment(b[:FragmentLen:FragmentLen]), b[FragmentLen:], true
}

// NextHeader returns the type of the header behind this one in the first fragment.
func (f Fragment) NextHeader() Protocol { return Protocol(f[0]) }

// SetNextHeader sets the type of the header behind this one.
func (f Fragment) SetNextHeader(p Protocol) { f[0] = byte(p) }

// Offset returns the offset of this fragment in bytes.
func (f Fragment) Offset() int { return int(be.Uint16(f[2:4]) &^ 7) }

// SetOffset sets the offset of this fragment in bytes, a multiple of 8 up to 65,528.
func (f Fragment) SetOffset(n int) {
	be.PutUint16(f[2:4], uint16(n)&^7|be.Uint16(f[2:4])&7)
}

// More reports whether more fragments follow.
func (f Fragment) More() bool { return f[3]&1 != 0 }

// SetMore sets whether more fragments follow.
func (f Fragment) SetMore(on bool) { f[3] = setBit(f[3], 1, on) }

// ID returns the identification, which all fragments of a packet share.
func (f Fragment) ID() uint32 { return be.Uint32(f[4:8]) }

// SetID sets the identification.
func (f Fragment) SetID(id uint32) { be.PutUint32(f[4:8], id) }

// LinkLocal returns the IPv6 link-local address that follows from an Ethernet address (EUI-64).
//
// Implements: rte_ipv6_llocal_from_ethernet
func LinkLocal(m MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}

// SolicitedNode returns the multicast group in which neighbors ask for the IPv6 address a (RFC
// 4291).
//
// Implements: rte_ipv6_solnode_from_addr
func SolicitedNode(a netip.Addr) netip.Addr {
	b := a.As16()
	return netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
}
