package header

import (
	"hash/crc32"
	"math/bits"
)

// ChecksumState is what is known about an L4 checksum.
type ChecksumState int

const (
	// ChecksumNone means that there is nothing to check: the packet is not TCP, UDP, SCTP or ICMP,
	// it is a fragment, its UDP checksum is 0, or it is shorter than the lengths in its headers.
	ChecksumNone ChecksumState = iota
	// ChecksumGood means that the checksum is right.
	ChecksumGood
	// ChecksumPartial means that the field holds what Linux writes when it leaves the checksum to
	// the network card: the sum of the pseudo header of TCP and UDP, or 0 for SCTP.
	ChecksumPartial
	// ChecksumBad means that the checksum is wrong.
	ChecksumBad
)

// String returns "none", "good", "partial" or "bad".
func (s ChecksumState) String() string {
	switch s {
	case ChecksumNone:
		return "none"
	case ChecksumGood:
		return "good"
	case ChecksumPartial:
		return "partial"
	}
	return "bad"
}

// VerifyChecksum checks the L4 checksum of a packet with the headers h. In a tunnel it checks
// that of the packet in the tunnel: [Headers.Digest] selects the other one. It does not check
// the checksum of the IPv4 header: see [IPv4.VerifyHeader].
func (h *Headers) VerifyChecksum(packet []byte) ChecksumState {
	d, ok := h.Digest(packet, len(packet), h.Type.IsTunnel())
	if !ok {
		return ChecksumNone
	}
	d.Write(packet[d.Start:d.End])
	return d.State()
}

// CompleteChecksum finishes the L4 checksum of a packet with the headers h if it is
// [ChecksumPartial], and returns the state that it found. All other packets stay as they are. In a
// tunnel it finishes that of the packet in the tunnel, and then that of the tunnel's own UDP header;
// it returns the state of the former.
//
// Linux leaves checksums to the network card. Interfaces without one, such as veth, and sockets
// such as AF_PACKET and AF_XDP, deliver packets with the unfinished checksum. A program that
// forwards such a packet to a port that does not compute checksums must finish it first.
// Otherwise the receiver drops the packet.
func (h *Headers) CompleteChecksum(packet []byte) ChecksumState {
	inner := h.Type.IsTunnel()
	state := h.complete(packet, inner)
	if inner {
		h.complete(packet, false)
	}
	return state
}

func (h *Headers) complete(packet []byte, inner bool) ChecksumState {
	d, ok := h.Digest(packet, len(packet), inner)
	if !ok {
		return ChecksumNone
	}
	d.Write(packet[d.Start:d.End])
	state := d.State()
	if state == ChecksumPartial {
		d.Put(packet[d.Start+d.Field:])
	}
	return state
}

// Digest computes the L4 checksum of a packet from its parts. It is for packets that are not
// contiguous: [Headers.VerifyChecksum] and mbuf.Mbuf do all of it.
//
// Write the bytes from Start to End of the packet, in any number of parts. Then
// [Digest.State] is valid.
type Digest struct {
	Start, End int // what the checksum covers, as offsets in the packet
	Field      int // the offset of the checksum in it: 4 bytes of SCTP, 2 of others

	pseudo   uint16
	protocol Protocol // ICMP for ICMPv6 also
	n        int      // bytes so far
	sum      uint16
	crc      uint32
	field    [4]byte
}

// Digest returns a Digest for the L4 checksum of a packet of n bytes with the headers h. b is its
// first bytes, with all headers. inner selects the packet in the tunnel. ok is false in the cases of
// [ChecksumNone], except for a UDP checksum of 0.
func (h *Headers) Digest(b []byte, n int, inner bool) (d Digest, ok bool) {
	l3, l4, t := h.L3(), h.L4(), h.Type&L4Mask
	v4 := h.Type.IsIPv4()
	if inner {
		l3, l4, t = h.InnerL3(), h.InnerL4(), h.Type&InnerL4Mask>>16
		l3Type := h.Type & InnerL3Mask
		v4 = l3Type == InnerL3IPv4 || l3Type == InnerL3IPv4Ext
	}
	switch t {
	case L4TCP:
		d.protocol, d.Field = ProtocolTCP, 16
	case L4UDP:
		d.protocol, d.Field = ProtocolUDP, 6
	case L4SCTP:
		d.protocol, d.Field = ProtocolSCTP, 8
	case L4ICMP:
		d.protocol, d.Field = ProtocolICMP, 2
	default:
		return Digest{}, false
	}
	if l4+SCTPLen > len(b) && l4+UDPLen > len(b) || l4+d.Field+2 > len(b) {
		return Digest{}, false
	}
	end := 0
	if v4 {
		end = l3 + int(be.Uint16(b[l3+2:l3+4]))
	} else {
		end = l3 + IPv6Len + int(be.Uint16(b[l3+4:l3+6]))
	}
	if d.protocol == ProtocolUDP {
		switch size := int(be.Uint16(b[l4+4 : l4+6])); {
		case size == 0 && end-l4 > UDPLen: // of a packet that Linux will segment
		case size < UDPLen || l4+size > end:
			return Digest{}, false
		default:
			end = l4 + size
		}
	}
	if end <= l4+d.Field || end > n {
		return Digest{}, false
	}
	d.Start, d.End = l4, end
	switch {
	case d.protocol == ProtocolSCTP:
	case v4:
		if d.protocol != ProtocolICMP {
			d.pseudo = foldSum(IPv4(b[l3:l4]).pseudo(end - l4))
		}
	default:
		ip := IPv6(b[l3:l4])
		if final(ip) {
			p := d.protocol
			if p == ProtocolICMP {
				p = ProtocolICMPv6
			}
			d.pseudo = ip.PseudoChecksum(p, end-l4)
		} else {
			return Digest{}, false
		}
	}
	return d, true
}

// final reports whether the destination of an IPv6 packet is the final one. b is the IPv6 header
// and its extension headers. A routing header with segments left has another address, and the
// checksum is that of the final destination.
func final(b IPv6) bool {
	p, rest := b.NextHeader(), []byte(b[IPv6Len:])
	for {
		next, n, ok := NextExtension(p, rest)
		if !ok || n > len(rest) {
			return true
		}
		if p == ProtocolRouting && rest[3] != 0 {
			return false
		}
		p, rest = next, rest[n:]
	}
}

// Write adds the next part of the packet.
func (d *Digest) Write(part []byte) {
	if d.protocol == ProtocolSCTP {
		d.writeSCTP(part)
		return
	}
	for i := range 2 {
		if at := d.Field + i - d.n; at >= 0 && at < len(part) {
			d.field[i] = part[at]
		}
	}
	d.sum = CombineChecksums(d.sum, d.n, RawChecksum(part))
	d.n += len(part)
}

// writeSCTP adds a part to the CRC, in which the checksum field is 0.
func (d *Digest) writeSCTP(part []byte) {
	for len(part) > 0 && d.n < SCTPLen {
		if at := d.n - d.Field; at >= 0 {
			d.field[at] = part[0]
			d.crc = crc32.Update(d.crc, castagnoli, zero[:1])
		} else {
			d.crc = crc32.Update(d.crc, castagnoli, part[:1])
		}
		part = part[1:]
		d.n++
	}
	d.crc = crc32.Update(d.crc, castagnoli, part)
	d.n += len(part)
}

// State returns the state of the checksum after all bytes were written.
func (d *Digest) State() ChecksumState {
	if d.protocol == ProtocolSCTP {
		switch field := be.Uint32(d.field[:]); {
		case field == bits.ReverseBytes32(d.crc):
			return ChecksumGood
		case field == 0:
			return ChecksumPartial
		}
		return ChecksumBad
	}
	field := be.Uint16(d.field[:])
	switch {
	case d.protocol == ProtocolUDP && field == 0:
		return ChecksumNone
	case addSums(d.sum, d.pseudo) == 0xffff:
		return ChecksumGood
	case d.protocol != ProtocolICMP && field == d.pseudo:
		return ChecksumPartial
	}
	return ChecksumBad
}

// Put writes the right checksum into field, and returns its length: 4 bytes of SCTP, 2 of others.
func (d *Digest) Put(field []byte) (n int) {
	if d.protocol == ProtocolSCTP {
		be.PutUint32(field, bits.ReverseBytes32(d.crc))
		return 4
	}
	// The sum without the field, and with the pseudo header.
	sum := addSums(addSums(d.sum, ^be.Uint16(d.field[:])), d.pseudo)
	be.PutUint16(field, finish(sum, d.protocol))
	return 2
}
