//go:build linux

package main

import (
	"encoding/binary"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/header"
)

// kind is the kind of a frame.
type kind int

const (
	ignored kind = iota
	arp
	icmp
	udp
	kinds
)

// host is the host that answers.
type host struct {
	mac     [6]byte
	ip      [4]byte
	udpPort uint16
}

func newHost(mac []byte, ip netip.Addr, udpPort uint16) *host {
	return &host{mac: [6]byte(mac), ip: ip.As4(), udpPort: udpPort}
}

// answer turns a frame into its answer in place, and returns the frame's kind. head is the frame's
// first segment, which holds all headers; length is the length of the whole frame. A frame that
// is not a request to this host is ignored and stays unchanged.
func (h *host) answer(head []byte, length int) kind {
	if len(head) < header.EthernetLen || head[6]&1 != 0 { // a source address cannot be a group's
		return ignored
	}
	k := ignored
	switch to := [6]byte(head); header.EtherType(binary.BigEndian.Uint16(head[12:])) {
	case header.EtherTypeARP:
		if to == h.mac || to == [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff} {
			k = h.arp(head[header.EthernetLen:])
		}
	case header.EtherTypeIPv4:
		if to == h.mac {
			k = h.ipv4(head[header.EthernetLen:], length-header.EthernetLen)
		}
	}
	if k != ignored {
		copy(head, head[6:12])
		copy(head[6:], h.mac[:])
	}
	return k
}

// arp turns a request for the address of this host into the reply.
func (h *host) arp(p []byte) kind {
	const request = "\x00\x01\x08\x00\x06\x04\x00\x01" // Ethernet, IPv4, their lengths, the operation
	if len(p) < header.ARPLen || string(p[:8]) != request || [4]byte(p[24:]) != h.ip {
		return ignored
	}
	p[7] = 2                // reply
	copy(p[18:28], p[8:18]) // the sender becomes the target
	copy(p[8:14], h.mac[:]) // and this host the sender
	copy(p[14:18], h.ip[:])
	return arp
}

// ipv4 turns a packet for this host into its answer. Swapped addresses and ports do not change
// any checksum.
func (h *host) ipv4(p []byte, length int) kind {
	if len(p) < header.IPv4MinLen || p[0]>>4 != 4 {
		return ignored
	}
	headerLen, total := int(p[0]&15)*4, int(binary.BigEndian.Uint16(p[2:]))
	const fragment = 0x3fff // more fragments, or an offset
	if headerLen < header.IPv4MinLen || headerLen > len(p) || total < headerLen || total > length ||
		binary.BigEndian.Uint16(p[6:])&fragment != 0 || [4]byte(p[16:]) != h.ip || header.Checksum(p[:headerLen]) != 0 {
		return ignored
	}
	k, payload := ignored, p[headerLen:]
	switch p[9] {
	case 1:
		k = ping(payload, total-headerLen)
	case 17:
		k = h.datagram(payload, total-headerLen)
	}
	if k != ignored {
		copy(p[16:20], p[12:16])
		copy(p[12:16], h.ip[:])
		ttl := binary.BigEndian.Uint16(p[8:])
		p[8] = 64
		adjust(p[10:], ttl, binary.BigEndian.Uint16(p[8:]))
	}
	return k
}

// ping turns an echo request into the reply. It adjusts the checksum and does not compute it: the
// checksum of a damaged request stays wrong, so the sender notices.
func ping(p []byte, length int) kind {
	if length < header.ICMPLen || len(p) < header.ICMPLen || p[0] != 8 || p[1] != 0 {
		return ignored
	}
	p[0] = 0
	adjust(p[2:], 8<<8, 0)
	return icmp
}

// datagram turns a UDP datagram for the echo port into its answer (RFC 862). It does not answer
// another echo service: the two would never stop.
func (h *host) datagram(p []byte, length int) kind {
	if length < header.UDPLen || len(p) < header.UDPLen || int(binary.BigEndian.Uint16(p[4:])) > length {
		return ignored
	}
	from, to := binary.BigEndian.Uint16(p), binary.BigEndian.Uint16(p[2:])
	if to != h.udpPort || from == to || from == 0 {
		return ignored
	}
	binary.BigEndian.PutUint16(p, to)
	binary.BigEndian.PutUint16(p[2:], from)
	return udp
}

// adjust updates a checksum after a change of one word.
func adjust(checksum []byte, before, after uint16) {
	binary.BigEndian.PutUint16(checksum, header.UpdateChecksum16(binary.BigEndian.Uint16(checksum), before, after))
}
