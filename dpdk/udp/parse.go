package udp

import (
	"encoding/binary"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/header"
)

var be = binary.BigEndian

// packet is the description of a received packet that parse finds in its headers.
type packet struct {
	kind     kind
	toMAC    header.MAC
	fromMAC  header.MAC
	tag      uint16 // VLAN ID; 0 is none
	src, dst netip.Addr
	protocol header.Protocol
	tos, ttl uint8

	// Offsets in the frame: of the IP header or ARP packet, of what follows the IP headers, and of the
	// end of the packet. Bytes of the frame after end are padding.
	l3, l4, end int
	next        int // of the field of IPv6 with the protocol

	fragment bool // a part of a packet: the bytes from l4 to end are its data
	more     bool // more fragments follow
	offset   int  // of the data in the payload of the whole packet
	id       uint32
}

type kind uint8

const (
	other kind = iota
	arp
	ipv4
	ipv6
)

// parse finds the headers of a frame. head is its first segment, and length the length of the whole frame. The
// headers before l4 are in head. parse does not check addresses, and no checksum but that of the IPv4
// header, if verify is set. If ok is false, drop is the reason to drop the frame.
func (p *packet) parse(head []byte, length int, verify bool) (drop Drop, ok bool) {
	if len(head) < header.EthernetLen || length < len(head) {
		return DropMalformed, false
	}
	p.toMAC, p.fromMAC = header.MAC(head[0:6]), header.MAC(head[6:12])
	kind, l3 := header.EtherType(be.Uint16(head[12:14])), header.EthernetLen
	p.tag = 0
	if kind == header.EtherTypeVLAN {
		if len(head) < header.EthernetLen+header.VLANLen {
			return DropMalformed, false
		}
		p.tag = be.Uint16(head[14:16]) & 0xfff
		kind, l3 = header.EtherType(be.Uint16(head[16:18])), header.EthernetLen+header.VLANLen
	}
	p.l3, p.fragment = l3, false
	switch kind {
	case header.EtherTypeIPv4:
		p.kind = ipv4
		return p.parse4(head, length, verify)
	case header.EtherTypeIPv6:
		p.kind = ipv6
		return p.parse6(head, length)
	case header.EtherTypeARP:
		p.kind = arp
		return 0, true
	}
	p.kind = other
	return DropProtocol, false
}

func (p *packet) parse4(head []byte, length int, verify bool) (Drop, bool) {
	b := head[p.l3:]
	if len(b) < header.IPv4MinLen || b[0]>>4 != 4 {
		return DropMalformed, false
	}
	n, total := int(b[0]&15)*4, int(be.Uint16(b[2:4]))
	if n < header.IPv4MinLen || n > len(b) || total < n || p.l3+total > length {
		return DropMalformed, false
	}
	if verify && header.Checksum(b[:n]) != 0 {
		return DropChecksum, false
	}
	p.src, p.dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	p.protocol, p.tos, p.ttl = header.Protocol(b[9]), b[1], b[8]
	p.l4, p.end = p.l3+n, p.l3+total
	if f := be.Uint16(b[6:8]); f&0x3fff != 0 {
		p.fragment, p.more, p.offset, p.id = true, f&0x2000 != 0, int(f&0x1fff)*8, uint32(be.Uint16(b[4:6]))
	}
	return 0, true
}

func (p *packet) parse6(head []byte, length int) (Drop, bool) {
	b := head[p.l3:]
	if len(b) < header.IPv6Len || b[0]>>4 != 6 {
		return DropMalformed, false
	}
	p.src, p.dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	p.protocol, p.tos, p.ttl = header.Protocol(b[6]), uint8(be.Uint16(b[0:2])>>4), b[7]
	p.l4, p.end, p.next = p.l3+header.IPv6Len, p.l3+header.IPv6Len+int(be.Uint16(b[4:6])), p.l3+6
	if p.end > length {
		return DropMalformed, false
	}
	if p.src.Is4In6() || p.dst.Is4In6() { // must not be on a wire
		return DropMalformed, false
	}
	return p.extensions(head)
}

// maxExtensions is the number of IPv6 extension headers that a packet may have.
const maxExtensions = 8

// extensions skips the IPv6 extension headers from l4 on. It stops at a fragment header of a packet in several
// fragments.
func (p *packet) extensions(head []byte) (Drop, bool) {
	for range maxExtensions {
		limit := min(p.end, len(head))
		switch p.protocol {
		case header.ProtocolFragment:
			if p.l4+header.FragmentLen > limit {
				return DropMalformed, false
			}
			f := head[p.l4:]
			word := be.Uint16(f[2:4])
			p.more, p.offset, p.id = word&1 != 0, int(word&^7), be.Uint32(f[4:8])
			p.protocol, p.next = header.Protocol(f[0]), p.l4
			p.l4 += header.FragmentLen
			if p.fragment = p.more || p.offset != 0; p.fragment {
				return 0, true
			}
		case header.ProtocolHopByHop, header.ProtocolDestination, header.ProtocolRouting:
			if p.l4+8 > limit {
				return DropMalformed, false
			}
			n := int(head[p.l4+1])*8 + 8
			if p.l4+n > limit || p.protocol == header.ProtocolRouting && head[p.l4+3] != 0 { // a router would have to forward it
				return DropMalformed, false
			}
			p.protocol, p.next = header.Protocol(head[p.l4]), p.l4
			p.l4 += n
		default:
			return 0, true
		}
	}
	return DropMalformed, false
}
