package udp

import (
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/header"
)

var (
	mac1 = []byte{2, 0, 0, 0, 0, 1}
	mac2 = []byte{2, 0, 0, 0, 0, 2}
)

// frame is made of layers, with lengths and checksums.
func frame(t testing.TB, l ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, l...))
	return b.Bytes()
}

func eth(kind layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: mac1, DstMAC: mac2, EthernetType: kind}
}

func ip4(p layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, IHL: 5, TTL: 61, TOS: 2, Protocol: p, SrcIP: []byte{10, 0, 0, 1}, DstIP: []byte{10, 0, 0, 2}, Id: 77}
}

func ip6(p layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 62, TrafficClass: 3, NextHeader: p, SrcIP: netip.MustParseAddr("2001:db8::1").AsSlice(), DstIP: netip.MustParseAddr("2001:db8::2").AsSlice()}
}

func datagram4(t testing.TB, data string) []byte {
	i, u := ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 1, DstPort: 2}
	require.NoError(t, u.SetNetworkLayerForChecksum(i))
	return frame(t, eth(layers.EthernetTypeIPv4), i, u, gopacket.Payload(data))
}

func datagram6(t testing.TB, data string) []byte {
	i, u := ip6(layers.IPProtocolUDP), &layers.UDP{SrcPort: 1, DstPort: 2}
	require.NoError(t, u.SetNetworkLayerForChecksum(i))
	return frame(t, eth(layers.EthernetTypeIPv6), i, u, gopacket.Payload(data))
}

// insert puts bytes into a frame.
func insert(f []byte, at int, b ...byte) []byte {
	return append(append(append([]byte(nil), f[:at]...), b...), f[at:]...)
}

func TestParse(t *testing.T) {
	v4, v6 := datagram4(t, "hello"), datagram6(t, "hello")
	change := func(f []byte, at int, b byte) []byte {
		f = append([]byte(nil), f...)
		f[at] = b
		return f
	}
	fragment6 := func(off uint16, id byte) []byte { // between the IPv6 header and the rest
		f := insert(v6, 54, 17, 0, byte(off>>8), byte(off), 0, 0, 0, id)
		f[20], f[19] = byte(header.ProtocolFragment), f[19]+8
		return f
	}
	options6 := insert(v6, 54, 17, 0, 1, 4, 0, 0, 0, 0)
	options6[20], options6[19] = byte(header.ProtocolDestination), options6[19]+8
	routing6 := insert(v6, 54, 17, 0, 0, 1, 0, 0, 0, 0)
	routing6[20], routing6[19] = byte(header.ProtocolRouting), routing6[19]+8
	for _, test := range []struct {
		name  string
		frame []byte
		drop  Drop
		ok    bool
		check func(p packet) bool
	}{
		{"IPv4", v4, 0, true, func(p packet) bool {
			return p.kind == ipv4 && p.src == netip.MustParseAddr("10.0.0.1") && p.dst == netip.MustParseAddr("10.0.0.2") && p.protocol == 17 && p.tos == 2 && p.ttl == 61 && p.l4 == 34 && p.end == 47 && !p.fragment
		}},
		{"IPv4 with padding", append(v4[:len(v4):len(v4)], make([]byte, 13)...), 0, true, func(p packet) bool { return p.end == 47 }},
		{"IPv6", v6, 0, true, func(p packet) bool {
			return p.kind == ipv6 && p.src == netip.MustParseAddr("2001:db8::1") && p.protocol == 17 && p.tos == 3 && p.ttl == 62 && p.l4 == 54 && p.end == 67
		}},
		{"a VLAN tag", insert(v4, 12, 0x81, 0, 0x20, 7), 0, true, func(p packet) bool { return p.tag == 7 && p.l3 == 18 && p.l4 == 38 }},
		{"an option of IPv6", options6, 0, true, func(p packet) bool { return p.protocol == 17 && p.l4 == 62 }},
		{"a route of IPv6 that is not done", routing6, DropMalformed, false, nil},
		{"an atomic fragment", fragment6(0, 1), 0, true, func(p packet) bool { return !p.fragment && p.protocol == 17 && p.l4 == 62 }},
		{"a fragment of IPv6", fragment6(1480|1, 9), 0, true, func(p packet) bool { return p.fragment && p.more && p.offset == 1480 && p.id == 9 && p.l4 == 62 }},
		{"no Ethernet", v4[:13], DropMalformed, false, nil},
		{"no IPv4", v4[:33], DropMalformed, false, nil},
		{"no IPv6", v6[:53], DropMalformed, false, nil},
		{"cut", v4[:46], DropMalformed, false, nil},
		{"cut IPv6", v6[:66], DropMalformed, false, nil},
		{"a wrong checksum", change(v4, 24, v4[24]^1), DropChecksum, false, nil},
		{"version 5", change(v4, 14, 0x55), DropMalformed, false, nil},
		{"a short header", change(v4, 14, 0x44), DropMalformed, false, nil},
		{"a long header", change(v4, 14, 0x4f), DropMalformed, false, nil},
		{"another type", change(v4, 12, 0x99), DropProtocol, false, nil},
		{"IPv4 in the address of IPv6", append(append(append([]byte(nil), v6[:22]...), netip.MustParseAddr("::ffff:10.0.0.1").AsSlice()...), v6[38:]...), DropMalformed, false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var p packet
			drop, ok := p.parse(test.frame, len(test.frame), true)
			require.Equal(t, test.ok, ok, "%v", drop)
			if ok {
				assert.True(t, test.check(p), "%+v", p)
			} else {
				assert.Equal(t, test.drop, drop)
			}
		})
	}
}

// No frame makes parse panic, or find offsets outside of it.
func FuzzParse(f *testing.F) {
	f.Add(datagram4(f, "hello"), 0)
	f.Add(datagram6(f, "hello"), 100)
	f.Add(insert(datagram4(f, "x"), 12, 0x81, 0, 0, 7), 0)
	f.Fuzz(func(t *testing.T, b []byte, more int) {
		var p packet
		length := len(b) + min(max(more, 0), 1<<16)
		if _, ok := p.parse(b, length, false); !ok || p.kind == arp {
			return
		}
		if p.l3 > p.l4 || p.l4 > len(b) || p.l4 > p.end || p.end > length {
			t.Fatalf("%+v of %d bytes", p, len(b))
		}
	})
}

func FuzzNeighbourMessage(f *testing.F) {
	f.Add([]byte{135, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var n neighbourMessage
		if len(b) > 0 && n.parse(b) && (!n.target.IsValid() || n.target.IsMulticast()) {
			t.Fatal(n)
		}
	})
}

func FuzzICMPErrors(f *testing.F) {
	f.Add(datagram4(f, "hello")[14:])
	f.Add(datagram6(f, "hello")[14:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, ok := parseError4(b); ok && !e.src.Is4() {
			t.Fatal(e)
		}
		if e, ok := parseError6(b); ok && !e.src.Is6() {
			t.Fatal(e)
		}
	})
}

func FuzzControl(f *testing.F) {
	oob := make([]byte, 64)
	n, _ := (ControlTOS | ControlTTL | ControlDestination).put(oob, datagram{from: netip.MustParseAddr("::1"), to: netip.MustParseAddr("::1")})
	f.Add(oob[:n])
	f.Fuzz(func(t *testing.T, b []byte) {
		var o options
		_ = o.parse(b) // any error will do; it must end
	})
}

func TestControlMessagesAreReadBack(t *testing.T) {
	for _, addr := range []string{"10.0.0.1", "2001:db8::1"} {
		a := netip.MustParseAddr(addr)
		oob := make([]byte, 128)
		n, whole := (ControlTOS | ControlTTL | ControlDestination).put(oob, datagram{from: a, to: a, tos: 0xba, ttl: 9})
		require.True(t, whole)
		var o options
		require.NoError(t, o.parse(oob[:n]))
		assert.Equal(t, options{tos: 0xba, ttl: 9, multicastTTL: 9, src: a}, o)
		_, whole = (ControlTOS | ControlTTL).put(oob[:30], datagram{from: a, to: a})
		assert.False(t, whole)
		require.Error(t, o.parse(oob[:n-5])) // the last message has up to 4 bytes of padding
		require.Error(t, o.parse(oob[:5]))
	}
}

func TestRoutesPreferTheLongestPrefix(t *testing.T) {
	p := netip.MustParsePrefix
	a := netip.MustParseAddr
	r := newRoutes([]netip.Prefix{p("10.0.0.2/24"), p("10.1.0.2/16"), p("fe80::2/64"), p("2001:db8::2/64")},
		[]netip.Addr{a("10.0.0.1"), a("fe80::1")}, []Route{{p("192.0.2.0/24"), a("10.1.0.1")}, {p("10.0.0.128/25"), a("10.1.0.3")}, {p("198.51.100.0/24"), netip.Addr{}}})
	for to, want := range map[string][2]string{
		"10.0.0.7": {"", "10.0.0.2"}, "10.0.0.200": {"10.1.0.3", "10.1.0.2"}, "10.1.9.9": {"", "10.1.0.2"}, "192.0.2.5": {"10.1.0.1", "10.1.0.2"},
		"8.8.8.8": {"10.0.0.1", "10.0.0.2"}, "2001:db8::9": {"", "2001:db8::2"}, "2001:db9::9": {"fe80::1", "2001:db8::2"}, "fe80::9": {"", "fe80::2"},
		"198.51.100.1": {"", "10.0.0.2"},
	} {
		got, ok := r.find(a(to))
		require.True(t, ok, to)
		via := ""
		if got.via.IsValid() {
			via = got.via.String()
		}
		assert.Equal(t, want, [2]string{via, got.src.String()}, to)
	}
	_, ok := newRoutes([]netip.Prefix{p("10.0.0.2/24")}, nil, nil).find(a("10.0.1.1"))
	assert.False(t, ok)
}
