//go:build linux && cgo

package main

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/header"
)

// shares returns how many of n random flows over IPv4 go to each backend of a configuration, and the backend of each flow.
func shares(t *testing.T, config string, n int, hop func(Addr) (Hop, bool)) (map[string]int, []string) {
	t.Helper()
	set, err := readConfig(strings.NewReader(config))
	require.NoError(t, err)
	of, chosen := map[string]int{}, make([]string, n)
	for i := range chosen {
		k := Key{Client: addrOf(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})), ClientPort: 4000, Port: 80, Protocol: 6}
		if a, _, ok := set.choose(&k, hop); ok {
			chosen[i] = a.netip().String()
			of[chosen[i]]++
		}
	}
	return of, chosen
}

func TestFlowsAreSpreadByWeight(t *testing.T) {
	known := func(Addr) (Hop, bool) { return Hop{}, true }
	const n = 30_000
	of, before := shares(t, `{"backends": [{"address": "10.1.0.1"}, {"address": "10.1.0.2", "weight": 2}, {"address": "10.1.0.3", "weight": 3},
		{"address": "10.1.0.4", "weight": 0}, {"address": "fd01::1"}]}`, n, known)
	require.Len(t, of, 3, "no flow for the weight 0, nor for the other family")
	for a, want := range map[string]int{"10.1.0.1": 1, "10.1.0.2": 2, "10.1.0.3": 3} {
		assert.InDelta(t, n*want/6, of[a], n/100, a)
	}
	_, after := shares(t, `{"backends": [{"address": "10.1.0.3", "weight": 3}, {"address": "10.1.0.1"}]}`, n, known)
	for i := range before {
		if before[i] != "10.1.0.2" {
			require.Equal(t, before[i], after[i], "only flows of the removed backend move")
		} else {
			require.NotEmpty(t, after[i])
		}
	}
	of, _ = shares(t, `{"backends": [{"address": "10.1.0.1"}, {"address": "10.1.0.2"}]}`, 100, func(a Addr) (Hop, bool) { return Hop{}, a[15] == 2 })
	assert.Equal(t, map[string]int{"10.1.0.2": 100}, of, "only a backend that was found")
}

func TestConfigurationErrorsNameTheFix(t *testing.T) {
	for text, says := range map[string]string{
		``:                                       "EOF",
		`{"backends": [{"adress": "10.1.0.1"}]}`: "adress",
		`{"backends": []}`:                       "0 backends: use 1 to 64",
		`{"backends": [{}]}`:                     "backends[0]: address",
		everyone + `{"backends": []}`:            "more behind the end of the object, at byte",
		`{"backends": [{"address": "::"}]}`:      "use the global unicast address of a host",
		`{"backends": [{"address": "fe80::1%eth0"}]}`:                               "use the global unicast address of a host",
		`{"backends": [{"address": "10.1.0.1", "weight": -1}]}`:                     "weight",
		`{"backends": [{"address": "10.1.0.1"}, {"address": "::ffff:10.1.0.1"}]}`:   "there twice",
		`{"backends": [` + strings.Repeat(`{"address": "10.1.0.1"}, `, 64) + `{}]}`: "65 backends",
	} {
		_, err := readConfig(strings.NewReader(text))
		assert.ErrorContains(t, err, says, text)
	}
}

var (
	ownMAC  = header.MAC{2, 0, 0, 0, 0, 9}
	asking  = header.MAC{2, 0, 0, 0, 0, 1}
	nowhere header.MAC
)

// newResolver returns a resolver, and what it learns.
func newResolver() (*resolver, map[netip.Addr]Hop) {
	learned := map[netip.Addr]Hop{}
	r := &resolver{learn: func(a netip.Addr, hop Hop) { learned[a] = hop }}
	for _, a := range append(append([]string(nil), vips...), gateways...) {
		r.own = append(r.own, netip.MustParseAddr(a))
	}
	return r, learned
}

func serialized(t testing.TB, l ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, l...))
	return b.Bytes()
}

func arpFrame(t testing.TB, op uint16, eth, from header.MAC, fromIP string, to header.MAC, toIP string) []byte {
	t.Helper()
	return serialized(t, &layers.Ethernet{SrcMAC: from[:], DstMAC: eth[:], EthernetType: layers.EthernetTypeARP},
		&layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: op,
			SourceHwAddress: from[:], SourceProtAddress: netip.MustParseAddr(fromIP).AsSlice(), DstHwAddress: to[:], DstProtAddress: netip.MustParseAddr(toIP).AsSlice()})
}

// ndpFrame is a solicitation, or with flags an advertisement.
func ndpFrame(t testing.TB, eth, from header.MAC, fromIP, toIP, target string, flags uint8) []byte {
	t.Helper()
	ip := &layers.IPv6{Version: 6, HopLimit: 255, NextHeader: layers.IPProtocolICMPv6, SrcIP: netip.MustParseAddr(fromIP).AsSlice(), DstIP: netip.MustParseAddr(toIP).AsSlice()}
	kind, option := uint8(layers.ICMPv6TypeNeighborSolicitation), layers.ICMPv6OptSourceAddress
	if flags != 0 {
		kind, option = layers.ICMPv6TypeNeighborAdvertisement, layers.ICMPv6OptTargetAddress
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)}
	require.NoError(t, icmp.SetNetworkLayerForChecksum(ip))
	options := layers.ICMPv6Options{{Type: option, Data: from[:]}}
	a := netip.MustParseAddr(target).AsSlice()
	var body gopacket.SerializableLayer = &layers.ICMPv6NeighborSolicitation{TargetAddress: a, Options: options}
	if flags != 0 {
		body = &layers.ICMPv6NeighborAdvertisement{Flags: flags, TargetAddress: a, Options: options}
	}
	return serialized(t, &layers.Ethernet{SrcMAC: from[:], DstMAC: eth[:], EthernetType: layers.EthernetTypeIPv6}, ip, icmp, body)
}

func take(r *resolver, frame []byte) bool {
	var h header.Headers
	h.Parse(frame)
	return r.take(frame, &h, 3, ownMAC)
}

// Requests for own addresses become the answers that gopacket makes, and the asker is learned.
func TestRequestsForOwnAddressesAreAnswered(t *testing.T) {
	r, learned := newResolver()
	for _, own := range []string{vips[0], gateways[0]} {
		frame := arpFrame(t, 1, header.Broadcast, asking, "10.0.0.1", nowhere, own)
		require.True(t, take(r, frame))
		assert.Equal(t, arpFrame(t, 2, asking, ownMAC, own, asking, "10.0.0.1"), frame)
	}
	for _, own := range []string{vips[1], gateways[1]} {
		group := header.SolicitedNode(netip.MustParseAddr(own))
		frame := ndpFrame(t, header.MulticastMAC(group), asking, "fd00::1", group.String(), own, 0)
		require.True(t, take(r, frame))
		assert.Equal(t, ndpFrame(t, asking, ownMAC, own, "fd00::1", own, solicited|override), frame)
	}
	assert.Equal(t, map[netip.Addr]Hop{netip.MustParseAddr("10.0.0.1"): {asking, 3}, netip.MustParseAddr("fd00::1"): {asking, 3}}, learned)
}

func TestAnswersOfBackendsAreLearned(t *testing.T) {
	r, learned := newResolver()
	for _, f := range [][]byte{arpFrame(t, 2, ownMAC, asking, "10.1.0.7", ownMAC, gateways[0]), ndpFrame(t, ownMAC, asking, "fd01::7", gateways[1], "fd01::7", solicited)} {
		before := bytes.Clone(f)
		assert.False(t, take(r, f))
		assert.Equal(t, before, f)
	}
	assert.Equal(t, map[netip.Addr]Hop{netip.MustParseAddr("10.1.0.7"): {asking, 3}, netip.MustParseAddr("fd01::7"): {asking, 3}}, learned)
}

// Questions about backends come from an address in their network.
func TestQuestionsAreThoseThatGopacketMakes(t *testing.T) {
	r, _ := newResolver()
	b := bytes.Repeat([]byte{0xff}, maxAsk)
	n := r.ask(b, netip.MustParseAddr("10.1.0.7"), ownMAC)
	assert.Equal(t, arpFrame(t, 1, header.Broadcast, ownMAC, gateways[0], nowhere, "10.1.0.7")[:n], b[:n])
	n = r.ask(b, netip.MustParseAddr("fd01::7"), ownMAC)
	group := header.SolicitedNode(netip.MustParseAddr("fd01::7"))
	assert.Equal(t, ndpFrame(t, header.MulticastMAC(group), ownMAC, gateways[1], group.String(), "fd01::7", 0), b[:n])
	r.own = r.own[:1] // an address of IPv4
	assert.Zero(t, r.ask(b, netip.MustParseAddr("fd01::7"), ownMAC))
}

func TestWrongQuestionsAreIgnored(t *testing.T) {
	r, learned := newResolver()
	group := header.SolicitedNode(netip.MustParseAddr(vips[1]))
	ndp := func(change func(b []byte)) []byte {
		f := ndpFrame(t, header.MulticastMAC(group), asking, "fd00::1", group.String(), vips[1], 0)
		change(f)
		return f
	}
	for name, f := range map[string][]byte{
		"half an ARP":         arpFrame(t, 1, header.Broadcast, asking, "10.0.0.1", nowhere, vips[0])[:41],
		"ARP from a group":    arpFrame(t, 1, header.Broadcast, header.MAC{1}, "10.0.0.1", nowhere, vips[0]),
		"from a far network":  ndp(func(b []byte) { b[21] = 254 }),
		"a wrong checksum":    ndp(func(b []byte) { b[56] ^= 1 }),
		"half a solicitation": ndp(func([]byte) {})[:80],
	} {
		before := bytes.Clone(f)
		assert.False(t, take(r, f), name)
		assert.Equal(t, before, f, name)
	}
	assert.Empty(t, learned)
	assert.False(t, take(r, arpFrame(t, 1, header.Broadcast, asking, "10.0.0.1", nowhere, "10.0.0.101")), "the address of another station")
}

// No frame, whatever is in it, makes the primary panic.
func FuzzFrames(f *testing.F) {
	s := &Shared{VIPs: [2]Addr{addrOf(netip.MustParseAddr(vips[0])), addrOf(netip.MustParseAddr(vips[1]))}}
	r, _ := newResolver()
	f.Add(arpFrame(f, 1, header.Broadcast, asking, "10.0.0.1", nowhere, vips[0]))
	f.Add(ndpFrame(f, ownMAC, asking, "fd00::1", vips[1], vips[1], 0))
	for _, udp := range []bool{false, true} {
		for i, client := range []string{"10.0.0.1", "fd00::1"} {
			f.Add(packet{fromMAC: asking, toMAC: ownMAC, from: client, to: vips[i], udp: udp, ttl: 64}.bytes(f))
		}
	}
	backend := Flow{Backend: addrOf(netip.MustParseAddr("10.1.0.1"))}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var h header.Headers
		h.Parse(frame)
		var n Note
		if !r.take(frame, &h, 0, ownMAC) && h.L2Len > 0 && s.read(&n, frame, &h, 0) && n.ToBackend && n.Key.Client.netip().Is4() {
			s.rewrite(frame, &n, &backend)
		}
	})
}

// A word of the payload, and the ID of IPv4, have all values, so all checksums occur.
func TestAllChecksumsAreRight(t *testing.T) {
	s := &Shared{VIPs: [2]Addr{addrOf(netip.MustParseAddr(vips[0])), addrOf(netip.MustParseAddr(vips[1]))}}
	for i, p := range []packet{{from: "10.0.0.1", to: vips[0], udp: true}, {from: "fd00::1", to: vips[1], udp: true}, {from: "10.0.0.1", to: vips[0]}} {
		p.ttl, p.data = 64, "enough for a frame without padding"
		template := p.bytes(t)
		f := Flow{Backend: addrOf(netip.MustParseAddr([]string{"10.1.0.1", "fd01::1", "10.1.0.1"}[i]))}
		var h header.Headers
		h.Parse(template)
		frame := make([]byte, len(template))
		for value := range 1 << 16 {
			copy(frame, template)
			frame[len(frame)-2], frame[len(frame)-1] = byte(value>>8), byte(value)
			l3, l4 := frame[h.L3():], frame[h.L4():]
			field := l4[16:18]
			if p.udp {
				field = l4[6:8]
			}
			if i != 1 {
				header.IPv4(l3).SetID(uint16(value))
				header.IPv4(l3).UpdateHeaderChecksum()
			}
			protocol := header.ProtocolTCP
			if p.udp {
				protocol = header.ProtocolUDP
			}
			sum := header.PseudoChecksum(netip.MustParseAddr(p.from), netip.MustParseAddr(p.to), protocol, len(l4))
			field[0], field[1] = byte(sum>>8), byte(sum)
			if state := h.CompleteChecksum(frame); state != header.ChecksumPartial {
				require.Equal(t, header.ChecksumGood, state, value)
			}
			var n Note
			require.True(t, s.read(&n, frame, &h, 0))
			s.rewrite(frame, &n, &f)
			require.Equal(t, header.ChecksumGood, h.VerifyChecksum(frame), value)
			require.True(t, i == 1 || header.IPv4(l3).VerifyHeader(), value)
		}
	}
}
