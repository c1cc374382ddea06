package header

import "net/netip"

// Protocol is the type of the header behind an IP header.
type Protocol uint8

// Protocols of IP.
const (
	ProtocolHopByHop    Protocol = 0 // IPv6 extension header
	ProtocolICMP        Protocol = 1
	ProtocolIGMP        Protocol = 2
	ProtocolIPv4        Protocol = 4 // IPv4 in IP
	ProtocolTCP         Protocol = 6
	ProtocolUDP         Protocol = 17
	ProtocolIPv6        Protocol = 41 // IPv6 in IP
	ProtocolRouting     Protocol = 43 // IPv6 extension header
	ProtocolFragment    Protocol = 44 // IPv6 extension header
	ProtocolGRE         Protocol = 47
	ProtocolESP         Protocol = 50
	ProtocolAH          Protocol = 51
	ProtocolICMPv6      Protocol = 58
	ProtocolNone        Protocol = 59 // IPv6: nothing follows
	ProtocolDestination Protocol = 60 // IPv6 extension header
	ProtocolSCTP        Protocol = 132
)

// IPv4MinLen is the length of an IPv4 header without options.
const IPv4MinLen = 20

// IPv4 is an IPv4 header with its options.
type IPv4 []byte

// ParseIPv4 returns the IPv4 header at the start of b and its payload: the bytes up to the total
// length. Padding of the frame is not part of it. ok is false if b is not a whole IPv4 packet: it
// is too short, has another version, or its lengths contradict each other. ParseIPv4 does not
// verify the checksum: see [IPv4.VerifyHeader].
func ParseIPv4(b []byte) (ip IPv4, payload []byte, ok bool) {
	if len(b) < IPv4MinLen || b[0]>>4 != 4 {
		return nil, nil, false
	}
	n, total := int(b[0]&15)*4, int(be.Uint16(b[2:4]))
	if n < IPv4MinLen || total < n || total > len(b) {
		return nil, nil, false
	}
	return IPv4(b[:n:n]), b[n:total:total], true
}

// Init makes the header one without options, and clears all other fields. The total length is
// that of the header and payload bytes.
func (ip IPv4) Init(payload int) {
	clear(ip[:IPv4MinLen])
	ip[0] = 0x45
	ip.SetTotalLen(uint16(IPv4MinLen + payload))
}

// Version returns the version, which is 4.
func (ip IPv4) Version() int { return int(ip[0] >> 4) }

// Len returns the length of the header in bytes, options included.
//
// Implements: rte_ipv4_hdr_len
func (ip IPv4) Len() int { return int(ip[0]&15) * 4 }

// SetLen sets the length of the header in bytes, a multiple of 4 from 20 to 60.
func (ip IPv4) SetLen(n int) { ip[0] = ip[0]&0xf0 | byte(n/4)&15 }

// Options returns the options.
func (ip IPv4) Options() []byte { return ip[IPv4MinLen:ip.Len()] }

// TOS returns the type of service: DSCP and ECN.
func (ip IPv4) TOS() uint8 { return ip[1] }

// SetTOS sets the type of service.
func (ip IPv4) SetTOS(tos uint8) { ip[1] = tos }

// DSCP returns the differentiated services code point, 0 to 63.
func (ip IPv4) DSCP() uint8 { return ip[1] >> 2 }

// SetDSCP sets the differentiated services code point.
func (ip IPv4) SetDSCP(dscp uint8) { ip[1] = ip[1]&3 | dscp<<2 }

// ECN returns the explicit congestion notification, 0 to 3.
func (ip IPv4) ECN() uint8 { return ip[1] & 3 }

// SetECN sets the explicit congestion notification.
func (ip IPv4) SetECN(ecn uint8) { ip[1] = ip[1]&^3 | ecn&3 }

// TotalLen returns the length of the packet in bytes, the header included.
func (ip IPv4) TotalLen() uint16 { return be.Uint16(ip[2:4]) }

// SetTotalLen sets the length of the packet.
func (ip IPv4) SetTotalLen(n uint16) { be.PutUint16(ip[2:4], n) }

// ID returns the identification, which all fragments of a packet share.
func (ip IPv4) ID() uint16 { return be.Uint16(ip[4:6]) }

// SetID sets the identification.
func (ip IPv4) SetID(id uint16) { be.PutUint16(ip[4:6], id) }

// DontFragment reports whether the packet must not be fragmented.
func (ip IPv4) DontFragment() bool { return ip[6]&0x40 != 0 }

// SetDontFragment sets whether the packet must not be fragmented.
func (ip IPv4) SetDontFragment(on bool) { ip[6] = setBit(ip[6], 0x40, on) }

// MoreFragments reports whether more fragments follow.
func (ip IPv4) MoreFragments() bool { return ip[6]&0x20 != 0 }

// SetMoreFragments sets whether more fragments follow.
func (ip IPv4) SetMoreFragments(on bool) { ip[6] = setBit(ip[6], 0x20, on) }

// FragmentOffset returns the offset of this fragment in the payload of the packet, in bytes.
func (ip IPv4) FragmentOffset() int { return int(be.Uint16(ip[6:8])&0x1fff) * 8 }

// SetFragmentOffset sets the offset of this fragment in bytes, a multiple of 8 up to 65,528.
func (ip IPv4) SetFragmentOffset(n int) {
	be.PutUint16(ip[6:8], be.Uint16(ip[6:8])&0xe000|uint16(n/8)&0x1fff)
}

// IsFragment reports whether the packet is a fragment, the first one included.
func (ip IPv4) IsFragment() bool { return be.Uint16(ip[6:8])&0x3fff != 0 }

// TTL returns the time to live.
func (ip IPv4) TTL() uint8 { return ip[8] }

// SetTTL sets the time to live. [IPv4.DecrementTTL] also adjusts the checksum.
func (ip IPv4) SetTTL(ttl uint8) { ip[8] = ttl }

// DecrementTTL subtracts 1 from the time to live and adjusts the checksum of the header. It
// reports false, and changes nothing, if the time to live is 0 or 1: a router drops the packet.
func (ip IPv4) DecrementTTL() bool {
	if ip[8] <= 1 {
		return false
	}
	before := be.Uint16(ip[8:10])
	ip[8]--
	ip.SetChecksum(UpdateChecksum16(ip.Checksum(), before, before-0x100))
	return true
}

// Protocol returns the type of the header behind this one.
func (ip IPv4) Protocol() Protocol { return Protocol(ip[9]) }

// SetProtocol sets the type of the header behind this one.
func (ip IPv4) SetProtocol(p Protocol) { ip[9] = byte(p) }

// Checksum returns the checksum field of the header.
func (ip IPv4) Checksum() uint16 { return be.Uint16(ip[10:12]) }

// SetChecksum sets the checksum field of the header.
func (ip IPv4) SetChecksum(sum uint16) { be.PutUint16(ip[10:12], sum) }

// Source returns the source address.
func (ip IPv4) Source() netip.Addr { return netip.AddrFrom4([4]byte(ip[12:16])) }

// SetSource sets the source address. It panics if a is not an IPv4 address. It adjusts no
// checksum: see [UpdateChecksum32].
func (ip IPv4) SetSource(a netip.Addr) { put4(ip[12:16], a) }

// Destination returns the destination address.
func (ip IPv4) Destination() netip.Addr { return netip.AddrFrom4([4]byte(ip[16:20])) }

// SetDestination sets the destination address. It panics if a is not an IPv4 address. It adjusts
// no checksum: see [UpdateChecksum32].
func (ip IPv4) SetDestination(a netip.Addr) { put4(ip[16:20], a) }

// SwapAddresses exchanges the two addresses. No checksum changes.
func (ip IPv4) SwapAddresses() {
	s, d := [4]byte(ip[12:16]), [4]byte(ip[16:20])
	*(*[4]byte)(ip[12:16]), *(*[4]byte)(ip[16:20]) = d, s
}

// HeaderChecksum computes the checksum of the header, as if the checksum field were 0.
//
// Implements: rte_ipv4_cksum, rte_ipv4_cksum_simple
func (ip IPv4) HeaderChecksum() uint16 {
	return ^addSums(RawChecksum(ip[:ip.Len()]), ^ip.Checksum())
}

// VerifyHeader reports whether the checksum of the header is right.
func (ip IPv4) VerifyHeader() bool { return RawChecksum(ip[:ip.Len()]) == 0xffff }

// UpdateHeaderChecksum computes the checksum of the header and sets it.
func (ip IPv4) UpdateHeaderChecksum() {
	ip.SetChecksum(0)
	ip.SetChecksum(^RawChecksum(ip[:ip.Len()]))
}

// PseudoChecksum returns the sum of the pseudo header for an L4 checksum, not complemented. It is
// the number that a port that computes the checksum expects in the checksum field of TCP or UDP.
//
// Implements: rte_ipv4_phdr_cksum
func (ip IPv4) PseudoChecksum() uint16 {
	return foldSum(ip.pseudo(int(ip.TotalLen()) - ip.Len()))
}

// pseudo returns the sum of the pseudo header for an L4 packet of n bytes.
func (ip IPv4) pseudo(n int) uint64 {
	return uint64(be.Uint32(ip[12:16])) + uint64(be.Uint32(ip[16:20])) + uint64(ip[9]) + uint64(uint16(n))
}

// L4Checksum computes the checksum of the TCP or UDP packet l4, as if its checksum field were 0
// already: the caller clears it first. A result of 0 of UDP, which would mean that the packet has
// none, is 0xffff instead. l4 is the whole payload of ip, as [ParseIPv4] returns it.
//
// Implements: rte_ipv4_udptcp_cksum
func (ip IPv4) L4Checksum(l4 []byte) uint16 {
	return finish(foldSum(ip.pseudo(len(l4))+uint64(RawChecksum(l4))), ip.Protocol())
}

// VerifyL4 reports whether the checksum of the TCP or UDP packet l4 is right. The caller checks
// first whether a UDP packet has one: 0 in the field means that it has none.
//
// Implements: rte_ipv4_udptcp_cksum_verify
func (ip IPv4) VerifyL4(l4 []byte) bool {
	return foldSum(ip.pseudo(len(l4))+uint64(RawChecksum(l4))) == 0xffff
}

// finish complements the sum of an L4 packet.
func finish(sum uint16, p Protocol) uint16 {
	if sum == 0xffff && p == ProtocolUDP {
		return 0xffff
	}
	return ^sum
}
