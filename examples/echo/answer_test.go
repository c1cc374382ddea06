//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/header"
)

var (
	own   = []byte{2, 0, 0, 0, 0, 2}
	asker = []byte{2, 0, 0, 0, 0, 1}
	group = bytes.Repeat([]byte{0xff}, 6)
	ip1   = []byte{10, 0, 0, 1}
	ip2   = []byte{10, 0, 0, 2}
	me    = newHost(own, netip.AddrFrom4([4]byte(ip2)), 7)
)

// frame is made of layers, with lengths and checksums.
func frame(t testing.TB, l ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, l...))
	return b.Bytes()
}

func eth(from, to []byte, kind layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: from, DstMAC: to, EthernetType: kind}
}

func who(op uint16, srcMAC, srcIP, dstMAC, dstIP []byte) *layers.ARP {
	return &layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: op,
		SourceHwAddress: srcMAC, SourceProtAddress: srcIP, DstHwAddress: dstMAC, DstProtAddress: dstIP}
}

func ip(from, to []byte, p layers.IPProtocol, ttl uint8) *layers.IPv4 {
	return &layers.IPv4{Version: 4, IHL: 5, TTL: ttl, Protocol: p, SrcIP: from, DstIP: to, Id: 0xfedc}
}

func ping4(kind uint8) *layers.ICMPv4 {
	return &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(kind, 0), Id: 0xffff, Seq: 0xf7ff}
}

func datagram(ip *layers.IPv4, from, to layers.UDPPort) *layers.UDP {
	u := &layers.UDP{SrcPort: from, DstPort: to}
	_ = u.SetNetworkLayerForChecksum(ip)
	return u
}

// What is asked of this host is answered with the frame that gopacket makes, with
// checksums computed from nothing.
func TestAnswers(t *testing.T) {
	data := gopacket.Payload("any data, of an odd length, as long as it takes")
	udpTo := func(from, to []byte, ttl uint8, src, dst layers.UDPPort) []gopacket.SerializableLayer {
		i := ip(from, to, layers.IPProtocolUDP, ttl)
		return []gopacket.SerializableLayer{i, datagram(i, src, dst), data}
	}
	in := func(e *layers.Ethernet, l ...gopacket.SerializableLayer) []byte {
		return frame(t, append([]gopacket.SerializableLayer{e}, l...)...)
	}
	v4, a := layers.EthernetTypeIPv4, layers.EthernetTypeARP
	tests := []struct {
		name           string
		kind           kind
		request, reply []byte
	}{
		{"ARP to all", arp, in(eth(asker, group, a), who(1, asker, ip1, make([]byte, 6), ip2)), in(eth(own, asker, a), who(2, own, ip2, asker, ip1))},
		{"ARP to this host", arp, in(eth(asker, own, a), who(1, asker, ip1, own, ip2)), in(eth(own, asker, a), who(2, own, ip2, asker, ip1))},
		{"ping", icmp, in(eth(asker, own, v4), ip(ip1, ip2, 1, 64), ping4(8), data), in(eth(own, asker, v4), ip(ip2, ip1, 1, 64), ping4(0), data)},
		{"ping from far away", icmp, in(eth(asker, own, v4), ip(ip1, ip2, 1, 3), ping4(8), data), in(eth(own, asker, v4), ip(ip2, ip1, 1, 64), ping4(0), data)},
		{"UDP", udp, in(eth(asker, own, v4), udpTo(ip1, ip2, 255, 999, 7)...), in(eth(own, asker, v4), udpTo(ip2, ip1, 64, 7, 999)...)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.kind, me.answer(test.request, len(test.request)))
			assert.Equal(t, test.reply, test.request)
		})
	}
}

// Everything else is ignored, and left as it was.
func TestIgnored(t *testing.T) {
	data := gopacket.Payload("any data, of an odd length, as long as it takes")
	ping := func(change func(f []byte)) []byte {
		f := frame(t, eth(asker, own, layers.EthernetTypeIPv4), ip(ip1, ip2, 1, 64), ping4(8), data)
		change(f)
		return f
	}
	udp := func(from, to layers.UDPPort) []byte {
		i := ip(ip1, ip2, layers.IPProtocolUDP, 64)
		return frame(t, eth(asker, own, layers.EthernetTypeIPv4), i, datagram(i, from, to), data)
	}
	// ipHeader changes the IPv4 header and corrects its checksum.
	ipHeader := func(change func(h []byte)) []byte {
		return ping(func(f []byte) {
			h := f[14:34]
			change(h)
			h[10], h[11] = 0, 0
			binary.BigEndian.PutUint16(h[10:], header.Checksum(h))
		})
	}
	tests := map[string][]byte{
		"nothing":                 {},
		"half an address":         {2, 0, 0},
		"another one's ARP":       frame(t, eth(asker, group, layers.EthernetTypeARP), who(1, asker, ip1, make([]byte, 6), []byte{10, 0, 0, 3})),
		"an ARP reply":            frame(t, eth(asker, own, layers.EthernetTypeARP), who(2, asker, ip1, own, ip2)),
		"half an ARP":             frame(t, eth(asker, group, layers.EthernetTypeARP), who(1, asker, ip1, make([]byte, 6), ip2))[:41],
		"another type":            ping(func(f []byte) { f[12] = 0x86 }),
		"another one's MAC":       ping(func(f []byte) { f[5] = 9 }),
		"to all":                  ping(func(f []byte) { copy(f, group) }),
		"from a group":            ping(func(f []byte) { f[6] |= 1 }),
		"another one's IP":        ipHeader(func(h []byte) { h[19] = 3 }),
		"a wrong header checksum": ping(func(f []byte) { f[24] ^= 1 }),
		"version 6":               ipHeader(func(h []byte) { h[0] = 0x65 }),
		"a header of 16 bytes":    ipHeader(func(h []byte) { h[0] = 0x44 }),
		"a header past the end":   ping(func(f []byte) { f[14] = 0x4f })[:14+20+8],
		"longer than the frame":   ipHeader(func(h []byte) { h[2] = 9 }),
		"shorter than its header": ipHeader(func(h []byte) { h[2], h[3] = 0, 19 }),
		"a first fragment":        ipHeader(func(h []byte) { h[6] = 0x20 }),
		"a later fragment":        ipHeader(func(h []byte) { h[7] = 1 }),
		"TCP":                     ipHeader(func(h []byte) { h[9] = 6 }),
		"half a ping":             ipHeader(func(h []byte) { h[2], h[3] = 0, 27 }),
		"a ping's reply":          ping(func(f []byte) { f[34] = 0 }),
		"an odd ping":             ping(func(f []byte) { f[35] = 1 }),
		"another UDP port":        udp(999, 8),
		"another echo service":    udp(7, 7),
		"from no UDP port":        udp(0, 7),
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			before := bytes.Clone(f)
			assert.Equal(t, ignored, me.answer(f, len(f)))
			assert.Equal(t, before, f)
		})
	}
}

// A damaged ping stays damaged: the asker sees a wrong checksum.
func TestDamageStays(t *testing.T) {
	f := frame(t, eth(asker, own, layers.EthernetTypeIPv4), ip(ip1, ip2, 1, 64), ping4(8), gopacket.Payload("12345678"))
	f[len(f)-1] ^= 1
	assert.Equal(t, icmp, me.answer(f, len(f)))
	assert.NotEqual(t, uint16(0xffff), header.RawChecksum(f[34:]))
}

// No frame, whatever is in it, makes the answer panic or grow.
func FuzzAnswer(f *testing.F) {
	f.Add(frame(f, eth(asker, group, layers.EthernetTypeARP), who(1, asker, ip1, make([]byte, 6), ip2)), 0)
	f.Add(frame(f, eth(asker, own, layers.EthernetTypeIPv4), ip(ip1, ip2, 1, 64), ping4(8)), 100)
	f.Fuzz(func(t *testing.T, p []byte, more int) {
		before := bytes.Clone(p)
		if k := me.answer(p, len(p)+min(max(more, 0), 1<<16)); k == ignored {
			assert.Equal(t, before, p)
		} else {
			assert.Equal(t, own, p[6:12])
		}
	})
}

func TestNoAllocations(t *testing.T) {
	request := frame(t, eth(asker, own, layers.EthernetTypeIPv4), ip(ip1, ip2, 1, 64), ping4(8), gopacket.Payload("12345678"))
	p := bytes.Clone(request)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		copy(p, request)
		me.answer(p, len(p))
	}))
}
