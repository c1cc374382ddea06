//go:build linux

package main

import (
	"encoding/binary"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Note is what the primary has found in a packet. It lies in the private area of the mbuf. A worker reads it, and never changes it, so that it still describes
// the packet as it came when the worker was killed with the packet half rewritten.
type Note struct {
	Key       Key
	Server    Addr // the destination of a packet to a backend, the source of one from a backend
	From      Hop  // the port that it came from, and the station that sent it
	ToBackend bool
	Syn       bool   // it begins a TCP connection
	L3, L4    uint16 // offsets
	L3Sum     uint16 // checksums as they came
	L4Sum     uint16
}

// noteSize is the size of the private area, a multiple of 8.
const noteSize = int(unsafe.Sizeof(Note{})+7) / 8 * 8

// note returns the note of a packet.
func note(m *mbuf.Mbuf) *Note { return (*Note)(unsafe.Pointer(unsafe.SliceData(m.Private()))) }

// read fills the note of a frame that came from a port, and reports whether the frame belongs to a flow. It also subtracts 1 from
// the time to live, because the load balancer is a router.
func (s *Shared) read(n *Note, frame []byte, h *header.Headers, port uint16) bool {
	*n = Note{L3: uint16(h.L3()), L4: uint16(h.L4()), From: Hop{header.Ethernet(frame).Source(), port}}
	l3, l4 := frame[n.L3:], frame[n.L4:]
	var from, to Addr
	switch {
	case h.Type.IsIPv4():
		ip := header.IPv4(l3)
		if !ip.VerifyHeader() || !ip.DecrementTTL() {
			return false
		}
		from, to = addrOf(ip.Source()), addrOf(ip.Destination())
		n.L3Sum = ip.Checksum()
	case h.Type.IsIPv6():
		ip := header.IPv6(l3)
		if ip.HopLimit() <= 1 {
			return false
		}
		ip.SetHopLimit(ip.HopLimit() - 1)
		from, to = addrOf(ip.Source()), addrOf(ip.Destination())
		if !from.sameFamily(to) || from.netip().Is4() { // ::ffff:a.b.c.d does not belong on a wire
			return false
		}
	}
	switch h.Type & header.L4Mask {
	case header.L4TCP:
		n.Syn = header.TCP(l4).Flags()&(header.TCPSyn|header.TCPAck) == header.TCPSyn // and not its answer
		n.L4Sum, n.Key.Protocol = header.TCP(l4).Checksum(), uint16(header.ProtocolTCP)
	case header.L4UDP:
		n.L4Sum, n.Key.Protocol = header.UDP(l4).Checksum(), uint16(header.ProtocolUDP)
	default: // a fragment, or another protocol
		return false
	}
	if !from.netip().IsGlobalUnicast() || !to.netip().IsGlobalUnicast() || from == s.vip(from) {
		return false // no host sends so: a backend would answer to itself, to another backend, or to many hosts
	}
	source, destination := binary.BigEndian.Uint16(l4), binary.BigEndian.Uint16(l4[2:])
	if n.ToBackend = to == s.vip(to); n.ToBackend {
		n.Key.Client, n.Key.ClientPort, n.Key.Port, n.Server = from, source, destination, to
	} else {
		n.Key.Client, n.Key.ClientPort, n.Key.Port, n.Server = to, destination, source, from
	}
	return true
}
