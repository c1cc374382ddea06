package acl

import (
	"encoding/binary"
	"net/netip"
	"reflect"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

var be = binary.BigEndian

// Key4 is the 5-tuple of an IPv4 packet in network byte order.
type Key4 struct {
	Protocol            header.Protocol
	_                   [3]byte
	Source, Destination [4]byte
	SourcePort          [2]byte // 0 in packets without ports
	DestinationPort     [2]byte
}

// Key6 is the 5-tuple of an IPv6 packet in network byte order.
type Key6 struct {
	Protocol            header.Protocol // behind the extension headers
	_                   [3]byte
	Source, Destination [16]byte
	SourcePort          [2]byte // 0 in packets without ports
	DestinationPort     [2]byte
}

// The fields of the keys.
var (
	fields4 = []Field{{Bits, 0, 1}, {Prefix, 4, 4}, {Prefix, 8, 4}, {Range, 12, 2}, {Range, 14, 2}}
	fields6 = []Field{{Bits, 0, 1},
		{Prefix, 4, 4}, {Prefix, 8, 4}, {Prefix, 12, 4}, {Prefix, 16, 4},
		{Prefix, 20, 4}, {Prefix, 24, 4}, {Prefix, 28, 4}, {Prefix, 32, 4},
		{Range, 36, 2}, {Range, 38, 2}}
)

// kindOf returns the kind of tables with keys of that type: tables of 5-tuples are not those of other structs.
func kindOf(key reflect.Type) string {
	switch key {
	case reflect.TypeFor[Key4]():
		return "IPv4"
	case reflect.TypeFor[Key6]():
		return "IPv6"
	}
	return ""
}

// Set sets the key to that of a packet from source to destination. It reports whether both addresses are IPv4 addresses, also
// ones mapped to IPv6; otherwise the key is zero.
func (k *Key4) Set(source, destination netip.AddrPort, p header.Protocol) (ok bool) {
	*k = Key4{}
	s, d := source.Addr().Unmap(), destination.Addr().Unmap()
	if !s.Is4() || !d.Is4() {
		return false
	}
	k.Protocol, k.Source, k.Destination = p, s.As4(), d.As4()
	be.PutUint16(k.SourcePort[:], source.Port())
	be.PutUint16(k.DestinationPort[:], destination.Port())
	return true
}

// Set sets the key to that of a packet from source to destination. It reports whether both addresses are IPv6 addresses;
// otherwise the key is zero. Zones are ignored.
func (k *Key6) Set(source, destination netip.AddrPort, p header.Protocol) (ok bool) {
	*k = Key6{}
	s, d := source.Addr(), destination.Addr()
	if !s.Is6() || !d.Is6() {
		return false
	}
	k.Protocol, k.Source, k.Destination = p, s.As16(), d.As16()
	be.PutUint16(k.SourcePort[:], source.Port())
	be.PutUint16(k.DestinationPort[:], destination.Port())
	return true
}

// Parse sets the key to that of an Ethernet frame with an IPv4 packet, behind any VLAN tags. b may be the beginning of
// the frame. The ports are those of TCP, UDP and SCTP, and 0 for other protocols and for all fragments but the first.
//
// ok is false, and the key is zero, if b does not begin with such a frame, or ends before the ports.
func (k *Key4) Parse(b []byte) (ok bool) {
	*k = Key4{}
	t, b := network(b)
	if t != header.EtherTypeIPv4 || len(b) < header.IPv4MinLen || b[0]>>4 != 4 {
		return false
	}
	n, first := int(b[0]&15)*4, be.Uint16(b[6:8])&0x1fff == 0
	if n < header.IPv4MinLen {
		return false
	}
	p := header.Protocol(b[9])
	if first && hasPorts(p) {
		if len(b) < n+4 || int(be.Uint16(b[2:4])) < n+4 {
			return false
		}
		k.SourcePort, k.DestinationPort = [2]byte(b[n:]), [2]byte(b[n+2:])
	}
	k.Protocol, k.Source, k.Destination = p, [4]byte(b[12:]), [4]byte(b[16:])
	return true
}

// Parse sets the key to that of an Ethernet frame with an IPv6 packet, as [Key4.Parse] does. It skips up to 4 extension
// headers; b must have all of them.
func (k *Key6) Parse(b []byte) (ok bool) {
	*k = Key6{}
	t, b := network(b)
	if t != header.EtherTypeIPv6 || len(b) < header.IPv6Len || b[0]>>4 != 6 {
		return false
	}
	ip := header.IPv6(b[:header.IPv6Len])
	payload := b[header.IPv6Len:]
	payload = payload[:min(len(payload), int(ip.PayloadLen()))]
	p, first := ip.NextHeader(), true
	if !hasPorts(p) {
		if p, payload, first, ok = skip(p, payload); !ok {
			return false
		}
	}
	if first && hasPorts(p) {
		if len(payload) < 4 {
			return false
		}
		k.SourcePort, k.DestinationPort = [2]byte(payload), [2]byte(payload[2:])
	}
	k.Protocol, k.Source, k.Destination = p, [16]byte(ip[8:]), [16]byte(ip[24:])
	return true
}

// skip skips extension headers. first is false for all fragments but the first.
func skip(p header.Protocol, b []byte) (protocol header.Protocol, rest []byte, first, ok bool) {
	protocol, rest, fragment, ok := header.SkipExtensions(p, b)
	if !ok || !fragment {
		return protocol, rest, true, ok
	}
	f := header.Fragment(b[len(b)-len(rest)-header.FragmentLen:])
	if f.Offset() != 0 {
		return protocol, rest, false, true
	}
	protocol, rest, fragment, ok = header.SkipExtensions(protocol, rest) // such as options for the destination
	return protocol, rest, true, ok && !fragment
}

// hasPorts reports whether the headers of a protocol begin with two ports.
func hasPorts(p header.Protocol) bool {
	return p == header.ProtocolTCP || p == header.ProtocolUDP || p == header.ProtocolSCTP
}

// network returns what is behind the Ethernet header and VLAN tags of a frame.
func network(b []byte) (t header.EtherType, rest []byte) {
	if len(b) < header.EthernetLen {
		return 0, nil
	}
	t, b = header.EtherType(be.Uint16(b[12:])), b[header.EthernetLen:]
	for t == header.EtherTypeVLAN || t == header.EtherTypeQinQ {
		if len(b) < header.VLANLen {
			return 0, nil
		}
		t, b = header.EtherType(be.Uint16(b[2:])), b[header.VLANLen:]
	}
	return t, b
}

// Gather4 collects the keys of the IPv4 packets in a burst, in their order. keys[i] is that of pkts[index[i]]. It leaves out
// packets of which [Key4.Parse] fails for the data of the first segment. It returns the number of keys, and looks only at so many
// packets that all of them have room in keys and index.
func Gather4(keys []Key4, index []uint16, pkts []*mbuf.Mbuf) (n int) {
	pkts = pkts[:min(len(pkts), len(keys), len(index))]
	for i, m := range pkts {
		if keys[n].Parse(m.Data()) {
			index[n] = uint16(i)
			n++
		}
	}
	return n
}

// Gather6 does the same as [Gather4] for IPv6.
func Gather6(keys []Key6, index []uint16, pkts []*mbuf.Mbuf) (n int) {
	pkts = pkts[:min(len(pkts), len(keys), len(index))]
	for i, m := range pkts {
		if keys[n].Parse(m.Data()) {
			index[n] = uint16(i)
			n++
		}
	}
	return n
}
