package header_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/header"
)

type stack = []gopacket.SerializableLayer

// serialize makes a packet of layers, with lengths and checksums.
func serialize(t testing.TB, l ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, l...))
	return bytes.Clone(b.Bytes())
}

// generator makes random valid packets with gopacket.
type generator struct{ *rand.Rand }

func (g generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

func (g generator) mac() net.HardwareAddr { return append([]byte{2}, g.bytes(5)...) }

func (g generator) eth(t layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: g.mac(), DstMAC: g.mac(), EthernetType: t}
}

// link returns an Ethernet header with 0 to 2 tags, or labels, for a packet of type t.
func (g generator) link(t layers.EthernetType, labels bool) stack {
	n := 4
	if labels {
		n = 5
	}
	tag := func(t layers.EthernetType) *layers.Dot1Q {
		return &layers.Dot1Q{VLANIdentifier: uint16(g.IntN(4096)), Priority: uint8(g.IntN(8)), DropEligible: g.IntN(2) == 0, Type: t}
	}
	switch g.IntN(n) {
	case 0:
		return stack{g.eth(layers.EthernetTypeDot1Q), tag(t)}
	case 1:
		return stack{g.eth(layers.EthernetTypeQinQ), tag(layers.EthernetTypeDot1Q), tag(t)}
	case 4:
		s := stack{g.eth(layers.EthernetTypeMPLSUnicast)}
		for last := g.IntN(4); last >= 0; last-- {
			s = append(s, &layers.MPLS{Label: g.Uint32() & 0xfffff, StackBottom: last == 0, TTL: uint8(g.Uint32())})
		}
		return s
	}
	return stack{g.eth(t)}
}

// network returns an IP header for a protocol, with options or extension headers, and the header
// for its checksum.
func (g generator) network(p layers.IPProtocol) (stack, gopacket.NetworkLayer) {
	if g.IntN(2) == 0 {
		ip := &layers.IPv4{Version: 4, IHL: 5, Id: uint16(g.Uint32()), TTL: uint8(g.Uint32()), TOS: uint8(g.Uint32()), Protocol: p,
			SrcIP: g.bytes(4), DstIP: g.bytes(4), Flags: layers.IPv4Flag(g.IntN(2) * 2)}
		for range g.IntN(2) * g.IntN(9) {
			ip.Options = append(ip.Options, layers.IPv4Option{OptionType: 148, OptionLength: 4, OptionData: g.bytes(2)})
		}
		return stack{ip}, ip
	}
	ip := &layers.IPv6{Version: 6, TrafficClass: uint8(g.Uint32()), FlowLabel: g.Uint32() & 0xfffff, HopLimit: uint8(g.Uint32()), NextHeader: p, SrcIP: g.bytes(16), DstIP: g.bytes(16)}
	s := stack{ip}
	if g.IntN(3) == 0 {
		n := g.IntN(4) + 1
		kinds := []layers.IPProtocol{layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Destination, layers.IPProtocolIPv6Routing}
		next := make([]layers.IPProtocol, n+1)
		for i := range n {
			next[i] = kinds[g.IntN(3)]
		}
		next[n] = p
		ip.NextHeader = next[0]
		for i := range n {
			x := make([]byte, 8*(1+g.IntN(5)))
			x[2], x[3] = 1, byte(len(x)-4) // padding
			if next[i] == layers.IPProtocolIPv6Routing {
				x = make([]byte, 8+16*g.IntN(2)) // without segments left
			}
			x[0], x[1] = byte(next[i+1]), byte(len(x)/8-1)
			s = append(s, gopacket.Payload(x))
		}
	}
	return s, ip
}

// transport returns an L4 header.
func (g generator) transport(p layers.IPProtocol, ip gopacket.NetworkLayer) stack {
	switch p {
	case layers.IPProtocolTCP:
		t := &layers.TCP{SrcPort: layers.TCPPort(g.Uint32()), DstPort: layers.TCPPort(g.Uint32()), Seq: g.Uint32(), Ack: g.Uint32(), ACK: true, Window: uint16(g.Uint32()), Urgent: uint16(g.Uint32())}
		for range g.IntN(2) * g.IntN(11) {
			t.Options = append(t.Options, layers.TCPOption{OptionType: 253, OptionLength: 4, OptionData: g.bytes(2)})
		}
		_ = t.SetNetworkLayerForChecksum(ip)
		return stack{t, gopacket.Payload(g.bytes(g.IntN(1200)))}
	case layers.IPProtocolUDP:
		u := &layers.UDP{SrcPort: layers.UDPPort(g.IntN(1000)), DstPort: layers.UDPPort(g.IntN(1000))}
		_ = u.SetNetworkLayerForChecksum(ip)
		return stack{u, gopacket.Payload(g.bytes(g.IntN(1200)))}
	case layers.IPProtocolSCTP:
		return stack{&layers.SCTP{SrcPort: layers.SCTPPort(g.Uint32()), DstPort: layers.SCTPPort(g.Uint32()), VerificationTag: g.Uint32()}, gopacket.Payload(g.bytes(4 * g.IntN(50)))}
	case layers.IPProtocolICMPv4:
		return stack{&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(uint8(g.Uint32()), 0), Id: uint16(g.Uint32()), Seq: uint16(g.Uint32())}, gopacket.Payload(g.bytes(g.IntN(100)))}
	case layers.IPProtocolICMPv6:
		i := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(uint8(g.Uint32()), 0)}
		_ = i.SetNetworkLayerForChecksum(ip)
		return stack{i, gopacket.Payload(g.bytes(4 + g.IntN(100)))}
	}
	return stack{gopacket.Payload(g.bytes(g.IntN(100)))}
}

var protocols = []layers.IPProtocol{layers.IPProtocolTCP, layers.IPProtocolUDP, layers.IPProtocolSCTP, layers.IPProtocolICMPv4, layers.IPProtocolICMPv6, layers.IPProtocolESP}

// ip returns an IP packet with an L4 header.
func (g generator) ip() (s stack, t layers.EthernetType) {
	p := protocols[g.IntN(len(protocols))]
	n, ip := g.network(p)
	if _, v4 := ip.(*layers.IPv4); v4 {
		t = layers.EthernetTypeIPv4
		if p == layers.IPProtocolICMPv6 {
			return g.ip()
		}
	} else {
		t = layers.EthernetTypeIPv6
		if p == layers.IPProtocolICMPv4 {
			return g.ip()
		}
	}
	return append(n, g.transport(p, ip)...), t
}

// packet returns a packet, sometimes in a tunnel.
func (g generator) packet(t testing.TB) []byte {
	inner, kind := g.ip()
	switch g.IntN(7) {
	case 0: // VXLAN
		n, ip := g.network(layers.IPProtocolUDP)
		u := &layers.UDP{SrcPort: layers.UDPPort(g.IntN(1000)), DstPort: 4789}
		_ = u.SetNetworkLayerForChecksum(ip)
		s := append(append(g.link(etherType(ip), true), n...), u, &layers.VXLAN{ValidIDFlag: true, VNI: g.Uint32() & 0xffffff})
		return serialize(t, append(append(s, g.link(kind, false)...), inner...)...)
	case 1: // GRE
		n, ip := g.network(layers.IPProtocolGRE)
		gre := &layers.GRE{Protocol: kind, KeyPresent: g.IntN(2) == 0, Key: g.Uint32(), SeqPresent: g.IntN(2) == 0, Seq: g.Uint32(), ChecksumPresent: g.IntN(2) == 0}
		s := append(append(g.link(etherType(ip), true), n...), gre)
		if g.IntN(2) == 0 {
			gre.Protocol = layers.EthernetTypeTransparentEthernetBridging
			s = append(s, g.link(kind, false)...)
		}
		return serialize(t, append(s, inner...)...)
	case 2: // IP in IP
		p := layers.IPProtocolIPv4
		if kind == layers.EthernetTypeIPv6 {
			p = layers.IPProtocolIPv6
		}
		n, ip := g.network(p)
		return serialize(t, append(append(g.link(etherType(ip), true), n...), inner...)...)
	}
	return serialize(t, append(g.link(kind, true), inner...)...)
}

func etherType(ip gopacket.NetworkLayer) layers.EthernetType {
	if _, v4 := ip.(*layers.IPv4); v4 {
		return layers.EthernetTypeIPv4
	}
	return layers.EthernetTypeIPv6
}

// decoded is what gopacket finds in a frame: the headers of Parse.
func decoded(frame []byte) (h header.Headers) {
	var off int
	for _, l := range gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default).Layers() {
		n := uint16(len(l.LayerContents()))
		tunnel := h.Type.IsTunnel()
		set := func(outer, inner header.PacketType, mask header.PacketType, outerLen, innerLen *uint16) {
			if tunnel {
				h.Type = h.Type&^(mask<<16) | inner
				*innerLen += n
			} else {
				h.Type = h.Type&^mask | outer
				*outerLen += n
			}
		}
		switch l := l.(type) {
		case *layers.Ethernet:
			set(header.L2Ether, header.InnerL2Ether, header.L2Mask, &h.L2Len, &h.InnerL2Len)
		case *layers.Dot1Q:
			if t := h.Type & header.L2Mask; !tunnel && t == header.L2EtherVLAN || tunnel && h.Type&header.InnerL2Mask == header.InnerL2EtherVLAN {
				set(header.L2EtherQinQ, header.InnerL2EtherQinQ, header.L2Mask, &h.L2Len, &h.InnerL2Len)
			} else {
				set(header.L2EtherVLAN, header.InnerL2EtherVLAN, header.L2Mask, &h.L2Len, &h.InnerL2Len)
			}
		case *layers.MPLS:
			set(header.L2EtherMPLS, 0, header.L2Mask, &h.L2Len, &h.InnerL2Len)
		case *layers.IPv4:
			if h.Type&header.L3Mask != 0 && !tunnel {
				h.Type |= header.TunnelIP
				tunnel = true
			}
			if n == 20 {
				set(header.L3IPv4, header.InnerL3IPv4, header.L3Mask, &h.L3Len, &h.InnerL3Len)
			} else {
				set(header.L3IPv4Ext, header.InnerL3IPv4Ext, header.L3Mask, &h.L3Len, &h.InnerL3Len)
			}
		case *layers.IPv6:
			if h.Type&header.L3Mask != 0 && !tunnel {
				h.Type |= header.TunnelIP
				tunnel = true
			}
			if l.HopByHop != nil { // gopacket counts it to this layer and returns it as one
				n = 40
			}
			set(header.L3IPv6, header.InnerL3IPv6, header.L3Mask, &h.L3Len, &h.InnerL3Len)
			if l.NextHeader == layers.IPProtocolESP {
				set(header.L3IPv6Ext, header.InnerL3IPv6Ext, header.L3Mask, new(uint16), new(uint16))
			}
		case *layers.IPv6HopByHop, *layers.IPv6Destination, *layers.IPv6Routing:
			set(header.L3IPv6Ext, header.InnerL3IPv6Ext, header.L3Mask, &h.L3Len, &h.InnerL3Len)
		case *layers.TCP:
			set(header.L4TCP, header.InnerL4TCP, header.L4Mask, &h.L4Len, &h.InnerL4Len)
		case *layers.UDP:
			set(header.L4UDP, header.InnerL4UDP, header.L4Mask, &h.L4Len, &h.InnerL4Len)
		case *layers.SCTP:
			set(header.L4SCTP, header.InnerL4SCTP, header.L4Mask, &h.L4Len, &h.InnerL4Len)
		case *layers.ICMPv4:
			set(header.L4ICMP, header.InnerL4ICMP, header.L4Mask, &h.L4Len, &h.InnerL4Len)
		case *layers.ICMPv6:
			n = 8 // gopacket: 4
			set(header.L4ICMP, header.InnerL4ICMP, header.L4Mask, &h.L4Len, &h.InnerL4Len)
		case *layers.GRE:
			h.TunnelLen = n
			h.Type |= header.TunnelGRE
			if l.Protocol == layers.EthernetTypeTransparentEthernetBridging {
				h.Type = h.Type&^header.TunnelMask | header.TunnelNVGRE
			}
		case *layers.VXLAN:
			h.TunnelLen = n
			h.Type |= header.TunnelVXLAN
		default:
			return h
		}
		off += int(n)
	}
	return h
}

// Parse and gopacket find the same headers in random valid packets, and the checksums that gopacket
// computes are right.
func TestParseFindsTheHeadersThatGopacketFinds(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(3, 4))}
	count := 20_000
	if testing.Short() {
		count = 5_000
	}
	kinds := map[header.PacketType]int{}
	for i := range count {
		frame := g.packet(t)
		got := header.Parse(frame)
		if want := decoded(frame); want != got {
			require.Equal(t, want, got, "packet %d: %v, %v\n%s", i, want.Type, got.Type, gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default))
		}
		kinds[got.Type]++
		state := got.VerifyChecksum(frame)
		l4 := got.Type & header.L4Mask
		if got.Type.IsTunnel() {
			l4 = got.Type & header.InnerL4Mask
		}
		want := header.ChecksumGood
		if l4 == 0 {
			want = header.ChecksumNone
		}
		require.Equal(t, want, state, "packet %d: %v", i, got.Type)
	}
	assert.Greater(t, len(kinds), 100, "kinds of packets")
}

// A packet in chunks has the same headers.
func TestParseChunks(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(5, 6))}
	for range 5000 {
		frame := g.packet(t)
		if g.IntN(2) == 0 {
			frame = frame[:g.IntN(len(frame)+1)]
		}
		first := g.IntN(len(frame) + 1)
		got := header.ParseChunks(frame[:first], func(off int) (c header.Chunk) {
			if off < len(frame) {
				c.Len = copy(c.Bytes[:], frame[off:])
			}
			return c
		})
		require.Equal(t, header.Parse(frame), got, "%x", frame)
	}
}

// Every header of a truncated packet is one of the whole packet, and ends before the end.
func TestParseOfTruncatedPackets(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(7, 8))}
	for range 300 {
		frame := g.packet(t)
		whole := header.Parse(frame)
		last := 0
		for n := range min(len(frame), whole.Len()+10) {
			h := header.Parse(frame[:n:n])
			require.LessOrEqual(t, h.Len(), n)
			require.GreaterOrEqual(t, h.Len(), last, "a longer packet has fewer headers")
			last = h.Len()
			require.LessOrEqual(t, h.L2Len, whole.L2Len)
			require.True(t, h.L3Len == 0 || h.L3Len <= whole.L3Len)
		}
	}
}

func TestParseOfSpecialFrames(t *testing.T) {
	eth := func(t uint16, rest ...byte) []byte {
		return append(binary.BigEndian.AppendUint16(make([]byte, 12), t), rest...)
	}
	v4 := func(p byte, rest ...byte) []byte {
		ip := make([]byte, 20, 20+len(rest))
		header.IPv4(ip).Init(len(rest))
		ip[9] = p
		return append(ip, rest...)
	}
	fragment := v4(17, make([]byte, 8)...)
	header.IPv4(fragment).SetMoreFragments(true)
	six := func(next byte, rest ...byte) []byte {
		ip := make([]byte, 40, 40+len(rest))
		header.IPv6(ip).Init(len(rest))
		ip[6] = next
		return append(ip, rest...)
	}
	join := bytes.Join
	udp := func(port uint16, rest ...byte) []byte {
		b := make([]byte, 8, 8+len(rest))
		header.UDP(b).SetDestination(port)
		return append(b, rest...)
	}
	inner := v4(6, append(append(make([]byte, 12), 0x50), make([]byte, 7)...)...)
	for name, test := range map[string]struct {
		frame []byte
		want  header.Headers
	}{
		"nothing":                 {nil, header.Headers{}},
		"13 bytes":                {make([]byte, 13), header.Headers{}},
		"ARP":                     {eth(0x806), header.Headers{Type: header.L2EtherARP, L2Len: 14}},
		"LLDP":                    {eth(0x88cc), header.Headers{Type: header.L2EtherLLDP, L2Len: 14}},
		"PTP":                     {eth(0x88f7), header.Headers{Type: header.L2EtherTimesync, L2Len: 14}},
		"PPPoE":                   {eth(0x8864), header.Headers{Type: header.L2EtherPPPoE, L2Len: 14}},
		"FCoE":                    {eth(0x8906), header.Headers{Type: header.L2EtherFCoE, L2Len: 14}},
		"NSH":                     {eth(0x894f), header.Headers{Type: header.L2EtherNSH, L2Len: 14}},
		"802.3 of length 0x400":   {eth(0x400, inner...), header.Headers{Type: header.L2Ether, L2Len: 14}},
		"an unknown type":         {eth(0x1234), header.Headers{Type: header.L2Ether, L2Len: 14}},
		"half a tag":              {eth(0x8100, 0, 1, 8), header.Headers{Type: header.L2Ether, L2Len: 14}},
		"ARP with a tag":          {eth(0x8100, 0, 1, 8, 6), header.Headers{Type: header.L2EtherVLAN, L2Len: 18}},
		"two customer tags":       {eth(0x8100, 0, 1, 0x81, 0, 0, 2, 0x12, 0x34), header.Headers{Type: header.L2EtherQinQ, L2Len: 22}},
		"one provider tag":        {eth(0x88a8, 0, 1, 0x12, 0x34), header.Headers{Type: header.L2EtherQinQ, L2Len: 18}},
		"labels without an end":   {eth(0x8847, bytes.Repeat([]byte{1, 2, 0, 4}, 40)...), header.Headers{Type: header.L2Ether, L2Len: 14}},
		"version 5":               {eth(0x800, append([]byte{0x55}, make([]byte, 50)...)...), header.Headers{Type: header.L2Ether, L2Len: 14}},
		"a header of 16 bytes":    {eth(0x800, append([]byte{0x44}, make([]byte, 50)...)...), header.Headers{Type: header.L2Ether, L2Len: 14}},
		"a fragment":              {eth(0x800, fragment...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.L4Frag, L2Len: 14, L3Len: 20}},
		"IGMP":                    {eth(0x800, v4(2, make([]byte, 8)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.L4IGMP, L2Len: 14, L3Len: 20, L4Len: 8}},
		"protocol 8":              {eth(0x800, v4(8, inner...)...), header.Headers{Type: header.L2Ether | header.L3IPv4, L2Len: 14, L3Len: 20}},
		"TCP of 16 bytes":         {eth(0x800, v4(6, append(append(make([]byte, 12), 0x40), make([]byte, 7)...)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4, L2Len: 14, L3Len: 20}},
		"an IPv6 fragment":        {eth(0x86dd, six(44, 17, 0, 0, 1, 0, 0, 0, 0)...), header.Headers{Type: header.L2Ether | header.L3IPv6Ext | header.L4Frag, L2Len: 14, L3Len: 48}},
		"no next header":          {eth(0x86dd, six(0, 59, 0, 0, 0, 0, 0, 0, 0)...), header.Headers{Type: header.L2Ether | header.L3IPv6Ext, L2Len: 14, L3Len: 48}},
		"5 extension headers":     {eth(0x86dd, six(0, bytes.Repeat([]byte{0, 0, 0, 0, 0, 0, 0, 0}, 6)...)...), header.Headers{Type: header.L2Ether | header.L3IPv6Ext, L2Len: 14, L3Len: 40}},
		"AH":                      {eth(0x86dd, six(51, make([]byte, 40)...)...), header.Headers{Type: header.L2Ether | header.L3IPv6Ext, L2Len: 14, L3Len: 40}},
		"GRE of version 1":        {eth(0x800, v4(47, append([]byte{0x30, 1, 0x88, 0xb}, make([]byte, 20)...)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4, L2Len: 14, L3Len: 20}},
		"MPLS in GRE":             {eth(0x800, v4(47, append([]byte{0, 0, 0x88, 0x47, 0, 0, 1, 9}, inner...)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.TunnelMPLSInGRE | header.InnerL3IPv4 | header.InnerL4TCP, L2Len: 14, L3Len: 20, TunnelLen: 8, InnerL3Len: 20, InnerL4Len: 20}},
		"MPLS in UDP":             {eth(0x800, v4(17, udp(6635, append([]byte{0, 0, 1, 9}, inner...)...)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.L4UDP | header.TunnelMPLSInUDP | header.InnerL3IPv4 | header.InnerL4TCP, L2Len: 14, L3Len: 20, L4Len: 8, TunnelLen: 4, InnerL3Len: 20, InnerL4Len: 20}},
		"Geneve with an option":   {eth(0x800, v4(17, udp(6081, append([]byte{1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0}, inner...)...)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.L4UDP | header.TunnelGeneve | header.InnerL3IPv4 | header.InnerL4TCP, L2Len: 14, L3Len: 20, L4Len: 8, TunnelLen: 12, InnerL3Len: 20, InnerL4Len: 20}},
		"VXLAN GPE":               {eth(0x800, v4(17, udp(4790, append([]byte{0xc, 0, 0, 1, 0, 0, 1, 0}, inner...)...)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.L4UDP | header.TunnelVXLANGPE | header.InnerL3IPv4 | header.InnerL4TCP, L2Len: 14, L3Len: 20, L4Len: 8, TunnelLen: 8, InnerL3Len: 20, InnerL4Len: 20}},
		"VXLAN without its flag":  {eth(0x800, v4(17, udp(4789, append([]byte{0, 0, 0, 0, 0, 0, 1, 0}, eth(0x800, inner...)...)...)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.L4UDP, L2Len: 14, L3Len: 20, L4Len: 8}},
		"GTP with an extension":   {eth(0x800, v4(17, udp(2152, append([]byte{0x34, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0}, inner...)...)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.L4UDP | header.TunnelGTPU | header.InnerL3IPv4 | header.InnerL4TCP, L2Len: 14, L3Len: 20, L4Len: 8, TunnelLen: 16, InnerL3Len: 20, InnerL4Len: 20}},
		"GTP without an end":      {eth(0x800, v4(17, udp(2152, append([]byte{0x34, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85, 0, 0, 9, 0}, inner...)...)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.L4UDP, L2Len: 14, L3Len: 20, L4Len: 8}},
		"a GTP control message":   {eth(0x800, v4(17, udp(2123, 0x30, 1, 0, 0, 0, 0, 0, 1)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.L4UDP | header.TunnelGTPC, L2Len: 14, L3Len: 20, L4Len: 8, TunnelLen: 8}},
		"IPv6 in IPv4":            {eth(0x800, v4(41, six(58, make([]byte, 8)...)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.TunnelIP | header.InnerL3IPv6 | header.InnerL4ICMP, L2Len: 14, L3Len: 20, InnerL3Len: 40, InnerL4Len: 8}},
		"NVGRE with tagged frame": {eth(0x800, v4(47, join([][]byte{{0x20, 0, 0x65, 0x58, 0, 0, 1, 0}, eth(0x8100, 0, 5, 8, 0), inner}, nil)...)...), header.Headers{Type: header.L2Ether | header.L3IPv4 | header.TunnelNVGRE | header.InnerL2EtherVLAN | header.InnerL3IPv4 | header.InnerL4TCP, L2Len: 14, L3Len: 20, TunnelLen: 8, InnerL2Len: 18, InnerL3Len: 20, InnerL4Len: 20}},
	} {
		t.Run(name, func(t *testing.T) {
			got := header.Parse(test.frame)
			assert.Equal(t, test.want, got, "%v", got.Type)
		})
	}
}

// Views read the fields that gopacket reads, and their setters write what they read.
func TestViewsReadWhatGopacketReads(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(9, 10))}
	addr := func(ip net.IP) netip.Addr { a, _ := netip.AddrFromSlice(ip); return a }
	for range 3000 {
		frame := g.packet(t)
		rest := frame
		ok := false
	layers:
		for _, l := range gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default).Layers() {
			switch l := l.(type) {
			case *layers.Ethernet:
				var e header.Ethernet
				e, rest, ok = header.ParseEthernet(rest)
				require.True(t, ok)
				require.Equal(t, fmt.Sprint(l.SrcMAC, l.DstMAC, uint16(l.EthernetType)), fmt.Sprint(e.Source(), e.Destination(), uint16(e.Type())))
				c := make(header.Ethernet, len(e))
				c.SetSource(e.Source())
				c.SetDestination(e.Destination())
				c.SetType(e.Type())
				require.Equal(t, e, c)
				c.Swap()
				require.Equal(t, e.Source(), c.Destination())
				require.Equal(t, e.Destination(), c.Source())
			case *layers.Dot1Q:
				var v header.VLAN
				v, rest, ok = header.ParseVLAN(rest)
				require.True(t, ok)
				require.Equal(t, []any{l.VLANIdentifier, l.Priority, l.DropEligible, uint16(l.Type)}, []any{v.ID(), v.Priority(), v.DropEligible(), uint16(v.Type())})
				c := make(header.VLAN, len(v))
				c.SetTCI(v.TCI())
				c.SetType(v.Type())
				require.Equal(t, v, c)
				c.SetTCI(0)
				c.SetID(v.ID())
				c.SetPriority(v.Priority())
				c.SetDropEligible(v.DropEligible())
				require.Equal(t, v, c)
			case *layers.MPLS:
				var m header.MPLS
				m, rest, ok = header.ParseMPLS(rest)
				require.True(t, ok)
				require.Equal(t, []any{l.Label, l.TrafficClass, l.StackBottom, l.TTL}, []any{m.Label(), m.TrafficClass(), m.Bottom(), m.TTL()})
				c := make(header.MPLS, len(m))
				c.SetTTL(m.TTL())
				c.SetBottom(m.Bottom())
				c.SetTrafficClass(m.TrafficClass())
				c.SetLabel(m.Label())
				require.Equal(t, m, c)
			case *layers.IPv4:
				var ip header.IPv4
				ip, rest, ok = header.ParseIPv4(rest)
				require.True(t, ok)
				require.Equal(t, []any{int(l.Version), int(l.IHL) * 4, l.TOS, l.Length, l.Id, l.Flags == layers.IPv4DontFragment, l.TTL, uint8(l.Protocol), l.Checksum, addr(l.SrcIP), addr(l.DstIP)},
					[]any{ip.Version(), ip.Len(), ip.TOS(), ip.TotalLen(), ip.ID(), ip.DontFragment(), ip.TTL(), uint8(ip.Protocol()), ip.Checksum(), ip.Source(), ip.Destination()})
				require.False(t, ip.MoreFragments() || ip.FragmentOffset() != 0 || ip.IsFragment())
				require.True(t, ip.VerifyHeader())
				require.Equal(t, ip.Checksum(), ip.HeaderChecksum())
				c := make(header.IPv4, len(ip))
				c.Init(len(rest))
				c.SetLen(ip.Len())
				c.SetTotalLen(ip.TotalLen())
				c.SetDSCP(ip.DSCP())
				c.SetECN(ip.ECN())
				require.Equal(t, ip.TOS(), c.TOS())
				c.SetTOS(ip.TOS())
				c.SetID(ip.ID())
				c.SetDontFragment(ip.DontFragment())
				c.SetTTL(ip.TTL())
				c.SetProtocol(ip.Protocol())
				c.SetSource(ip.Source())
				c.SetDestination(ip.Destination())
				copy(c.Options(), ip.Options())
				c.UpdateHeaderChecksum()
				require.Equal(t, ip, c)
				c.SwapAddresses()
				require.Equal(t, ip.Source(), c.Destination())
				require.Equal(t, ip.Destination(), c.Source())
				require.True(t, c.VerifyHeader())
			case *layers.IPv6:
				var ip header.IPv6
				ip, rest, ok = header.ParseIPv6(rest)
				require.True(t, ok)
				require.Equal(t, []any{int(l.Version), l.TrafficClass, l.FlowLabel, l.Length, l.HopLimit, addr(l.SrcIP), addr(l.DstIP)},
					[]any{ip.Version(), ip.TrafficClass(), ip.FlowLabel(), ip.PayloadLen(), ip.HopLimit(), ip.Source(), ip.Destination()})
				require.Equal(t, l.TrafficClass, ip.DSCP()<<2|ip.ECN())
				c := make(header.IPv6, len(ip))
				c.Init(len(rest))
				c.SetTrafficClass(ip.TrafficClass() ^ 3)
				c.SetECN(ip.ECN())
				c.SetFlowLabel(ip.FlowLabel())
				c.SetHopLimit(ip.HopLimit())
				c.SetNextHeader(ip.NextHeader())
				c.SetSource(ip.Source())
				c.SetDestination(ip.Destination())
				require.Equal(t, ip, c)
				c.SwapAddresses()
				require.Equal(t, ip.Source(), c.Destination())
				require.Equal(t, ip.Destination(), c.Source())
				_, rest, _, ok = header.SkipExtensions(ip.NextHeader(), rest)
				require.True(t, ok)
			case *layers.IPv6HopByHop, *layers.IPv6Destination, *layers.IPv6Routing: // skipped
			case *layers.UDP:
				var u header.UDP
				u, rest, ok = header.ParseUDP(rest)
				require.True(t, ok)
				require.Equal(t, []any{uint16(l.SrcPort), uint16(l.DstPort), l.Length, l.Checksum}, []any{u.Source(), u.Destination(), u.Len(), u.Checksum()})
				c := make(header.UDP, len(u))
				c.SetSource(u.Destination())
				c.SetDestination(u.Source())
				c.SwapPorts()
				c.SetLen(u.Len())
				c.SetChecksum(u.Checksum())
				require.Equal(t, u, c)
			case *layers.TCP:
				var tcp header.TCP
				tcp, rest, ok = header.ParseTCP(rest)
				require.True(t, ok)
				require.Equal(t, []any{uint16(l.SrcPort), uint16(l.DstPort), l.Seq, l.Ack, int(l.DataOffset) * 4, header.TCPAck, l.Window, l.Checksum, l.Urgent},
					[]any{tcp.Source(), tcp.Destination(), tcp.Seq(), tcp.Ack(), tcp.Len(), tcp.Flags(), tcp.Window(), tcp.Checksum(), tcp.Urgent()})
				c := make(header.TCP, len(tcp))
				c.SetSource(tcp.Destination())
				c.SetDestination(tcp.Source())
				c.SwapPorts()
				c.SetSeq(tcp.Seq())
				c.SetAck(tcp.Ack())
				c.SetLen(tcp.Len())
				c.SetFlags(tcp.Flags())
				c.SetWindow(tcp.Window())
				c.SetChecksum(tcp.Checksum())
				c.SetUrgent(tcp.Urgent())
				copy(c.Options(), tcp.Options())
				require.Equal(t, tcp, c)
			case *layers.SCTP:
				s, _, ok := header.ParseSCTP(rest)
				require.True(t, ok)
				require.Equal(t, []any{uint16(l.SrcPort), uint16(l.DstPort), l.VerificationTag}, []any{s.Source(), s.Destination(), s.Tag()})
				require.Equal(t, s.Checksum(), header.SCTPChecksum(rest))
				c := make(header.SCTP, len(s))
				c.SetSource(s.Source())
				c.SetDestination(s.Destination())
				c.SetTag(s.Tag())
				c.SetChecksum(s.Checksum())
				require.Equal(t, s, c)
				break layers
			case *layers.ICMPv4:
				i, _, ok := header.ParseICMP(rest)
				require.True(t, ok)
				require.Equal(t, []any{l.TypeCode.Type(), l.TypeCode.Code(), l.Checksum, l.Id, l.Seq}, []any{i.Type(), i.Code(), i.Checksum(), i.ID(), i.Seq()})
				c := make(header.ICMP, len(i))
				c.SetType(i.Type())
				c.SetCode(i.Code())
				c.SetChecksum(i.Checksum())
				c.SetID(i.ID())
				c.SetSeq(i.Seq())
				require.Equal(t, i, c)
				break layers
			case *layers.GRE:
				var gre header.GRE
				gre, rest, ok = header.ParseGRE(rest)
				require.True(t, ok)
				require.Equal(t, len(l.Contents), gre.Len())
				key, hasKey := gre.Key()
				seq, hasSeq := gre.Sequence()
				sum, hasSum := gre.Checksum()
				require.Equal(t, []any{l.KeyPresent, l.SeqPresent, l.ChecksumPresent, uint16(l.Protocol)}, []any{hasKey, hasSeq, hasSum, uint16(gre.Type())})
				c := make(header.GRE, len(gre))
				c.SetFields(hasSum, hasKey, hasSeq)
				c.SetType(gre.Type())
				if hasSum {
					require.Equal(t, l.Checksum, sum)
					copy(c[4:8], gre[4:8])
				}
				if hasKey {
					require.Equal(t, l.Key, key)
					c.SetKey(key)
				}
				if hasSeq {
					require.Equal(t, l.Seq, seq)
					c.SetSequence(seq)
				}
				require.Equal(t, gre, c)
			case *layers.VXLAN:
				var v header.VXLAN
				v, rest, ok = header.ParseVXLAN(rest)
				require.True(t, ok)
				require.Equal(t, l.VNI, v.VNI())
				require.EqualValues(t, 8, v.Flags())
				c := make(header.VXLAN, len(v))
				c.Init(1)
				c.SetVNI(v.VNI())
				c.SetFlags(8)
				require.Equal(t, v, c)
			default:
				break layers
			}
		}
	}
}

// payload returns bytes as a layer.
func payload(b ...byte) gopacket.Payload { return gopacket.Payload(b) }
