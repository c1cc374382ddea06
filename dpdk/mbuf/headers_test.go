package mbuf_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/twin"
)

// packetTypes are the constants of package header by their names in C.
var packetTypes = map[string]header.PacketType{
	"L2_MASK": header.L2Mask, "L3_MASK": header.L3Mask, "L4_MASK": header.L4Mask, "TUNNEL_MASK": header.TunnelMask,
	"INNER_L2_MASK": header.InnerL2Mask, "INNER_L3_MASK": header.InnerL3Mask, "INNER_L4_MASK": header.InnerL4Mask, "ALL_MASK": header.AllLayers,
	"L2_ETHER": header.L2Ether, "L2_ETHER_TIMESYNC": header.L2EtherTimesync, "L2_ETHER_ARP": header.L2EtherARP, "L2_ETHER_LLDP": header.L2EtherLLDP,
	"L2_ETHER_NSH": header.L2EtherNSH, "L2_ETHER_VLAN": header.L2EtherVLAN, "L2_ETHER_QINQ": header.L2EtherQinQ, "L2_ETHER_PPPOE": header.L2EtherPPPoE,
	"L2_ETHER_FCOE": header.L2EtherFCoE, "L2_ETHER_MPLS": header.L2EtherMPLS,
	"L3_IPV4": header.L3IPv4, "L3_IPV4_EXT": header.L3IPv4Ext, "L3_IPV6": header.L3IPv6, "L3_IPV4_EXT_UNKNOWN": header.L3IPv4ExtUnknown,
	"L3_IPV6_EXT": header.L3IPv6Ext, "L3_IPV6_EXT_UNKNOWN": header.L3IPv6ExtUnknown,
	"L4_TCP": header.L4TCP, "L4_UDP": header.L4UDP, "L4_FRAG": header.L4Frag, "L4_SCTP": header.L4SCTP, "L4_ICMP": header.L4ICMP, "L4_NONFRAG": header.L4NonFrag, "L4_IGMP": header.L4IGMP,
	"TUNNEL_IP": header.TunnelIP, "TUNNEL_GRE": header.TunnelGRE, "TUNNEL_VXLAN": header.TunnelVXLAN, "TUNNEL_NVGRE": header.TunnelNVGRE, "TUNNEL_GENEVE": header.TunnelGeneve,
	"TUNNEL_GRENAT": header.TunnelGRENAT, "TUNNEL_GTPC": header.TunnelGTPC, "TUNNEL_GTPU": header.TunnelGTPU, "TUNNEL_ESP": header.TunnelESP, "TUNNEL_L2TP": header.TunnelL2TP,
	"TUNNEL_VXLAN_GPE": header.TunnelVXLANGPE, "TUNNEL_MPLS_IN_GRE": header.TunnelMPLSInGRE, "TUNNEL_MPLS_IN_UDP": header.TunnelMPLSInUDP,
	"INNER_L2_ETHER": header.InnerL2Ether, "INNER_L2_ETHER_VLAN": header.InnerL2EtherVLAN, "INNER_L2_ETHER_QINQ": header.InnerL2EtherQinQ,
	"INNER_L3_IPV4": header.InnerL3IPv4, "INNER_L3_IPV4_EXT": header.InnerL3IPv4Ext, "INNER_L3_IPV6": header.InnerL3IPv6, "INNER_L3_IPV4_EXT_UNKNOWN": header.InnerL3IPv4ExtUnknown,
	"INNER_L3_IPV6_EXT": header.InnerL3IPv6Ext, "INNER_L3_IPV6_EXT_UNKNOWN": header.InnerL3IPv6ExtUnknown,
	"INNER_L4_TCP": header.InnerL4TCP, "INNER_L4_UDP": header.InnerL4UDP, "INNER_L4_FRAG": header.InnerL4Frag, "INNER_L4_SCTP": header.InnerL4SCTP, "INNER_L4_ICMP": header.InnerL4ICMP,
	"INNER_L4_NONFRAG": header.InnerL4NonFrag,
}

func TestPacketTypesAndTheirNamesAreThoseOfC(t *testing.T) {
	for name, value := range twin.PacketTypes() {
		assert.EqualValues(t, value, packetTypes[name], name)
	}
	esp := strings.TrimSpace(twin.PacketTypeName(uint32(header.L4ESP))) == "L4_ESP"
	assert.Len(t, packetTypes, len(twin.PacketTypes()))
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		p := header.PacketType(rng.Uint32() & rng.Uint32() & rng.Uint32())
		if !esp && (p&header.L4Mask == header.L4ESP || p&header.InnerL4Mask == header.InnerL4ESP) {
			continue
		}
		if want := strings.TrimSpace(twin.PacketTypeName(uint32(p))); want != p.String() {
			require.Equal(t, want, p.String(), "%#x", uint32(p))
		}
	}
}

// frames makes packets.
type frames struct{ *rand.Rand }

func (f frames) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(f.Uint32())
	}
	return b
}

// frame returns an Ethernet frame in the forms that all releases of DPDK understand: at most one
// tag, or two of QinQ; IPv4 with options, IPv6 with extension headers; TCP, UDP, SCTP or others; GRE
// and IP tunnels.
func (f frames) frame() []byte {
	b := append(f.bytes(12), 0, 0)
	b[0] &^= 1
	switch f.IntN(4) {
	case 0:
		binary.BigEndian.PutUint16(b[12:], 0x8100)
		b = append(append(b, f.bytes(2)...), 0, 0)
	case 1:
		binary.BigEndian.PutUint16(b[12:], 0x88a8)
		b = append(append(append(b, f.bytes(2)...), 0x81, 0), append(f.bytes(2), 0, 0)...)
	}
	at := len(b)
	if f.IntN(20) == 0 {
		binary.BigEndian.PutUint16(b[at-2:], 0x1234)
		return append(b, f.bytes(50)...)
	}
	kind, ip := f.ip(2)
	binary.BigEndian.PutUint16(b[at-2:], kind)
	return append(b, ip...)
}

// ip returns an IP packet with up to depth-1 tunnels.
func (f frames) ip(depth int) (kind uint16, packet []byte) {
	proto := []byte{6, 17, 132, 1, 50, 89, 6, 17, 47, 4, 41}[f.IntN(8+3*min(depth-1, 1))]
	var l4 []byte
	switch proto {
	case 6:
		l4 = f.bytes(20 + 4*f.IntN(11) + f.IntN(300))
		l4[12] = byte(5+f.IntN(min(11, (len(l4)-16)/4)))<<4 | l4[12]&15
	case 17:
		l4 = f.bytes(8 + f.IntN(300))
		binary.BigEndian.PutUint16(l4[2:], uint16(f.IntN(1000)))
		binary.BigEndian.PutUint16(l4, uint16(f.IntN(1000)))
		binary.BigEndian.PutUint16(l4[4:], uint16(len(l4)))
	case 47:
		l4 = []byte{[]byte{0, 0x80, 0x20, 0x10, 0xa0, 0x90, 0x30, 0xb0}[f.IntN(8)], 0, 0, 0}
		for bit := byte(0x80); bit >= 0x10; bit >>= 1 {
			if l4[0]&bit != 0 {
				l4 = append(l4, f.bytes(4)...)
			}
		}
		kind, inner := f.ip(depth - 1)
		if f.IntN(2) == 0 {
			inner = append(binary.BigEndian.AppendUint16(f.bytes(12), kind), inner...)
			kind = 0x6558
		}
		binary.BigEndian.PutUint16(l4[2:], kind)
		l4 = append(l4, inner...)
	case 4, 41:
		kind, inner := f.ip(depth - 1)
		for (kind == 0x800) != (proto == 4) {
			kind, inner = f.ip(depth - 1)
		}
		l4 = inner
	default:
		l4 = f.bytes(12 + f.IntN(100))
	}
	if f.IntN(2) == 0 {
		n := 20 + 4*f.IntN(2)*f.IntN(11)
		ip := header.IPv4(f.bytes(n))
		ip.Init(0)
		ip.SetLen(n)
		ip.SetTotalLen(uint16(n + len(l4)))
		ip.SetProtocol(header.Protocol(proto))
		copy(ip[12:], f.bytes(8))
		ip.SetID(uint16(f.Uint32()))
		ip.SetTTL(uint8(f.Uint32()))
		if f.IntN(10) == 0 {
			ip.SetFragmentOffset(8 * f.IntN(8))
			ip.SetMoreFragments(f.IntN(2) == 0)
		}
		ip.UpdateHeaderChecksum()
		return 0x800, append(ip, l4...)
	}
	ip := header.IPv6(f.bytes(40))
	ip.Init(0)
	copy(ip[8:], f.bytes(32))
	ip.SetNextHeader(header.Protocol(proto))
	var exts []byte
	next := 6 // the offset of the last next header
	for range f.IntN(2) * f.IntN(7) {
		x := f.bytes(8 * (1 + f.IntN(4)))
		x[1] = byte(len(x)/8 - 1)
		kind := []byte{0, 43, 60}[f.IntN(3)]
		if f.IntN(10) == 0 {
			kind, x = 44, x[:8]
		}
		x[0] = proto
		if next == 6 {
			ip[6] = kind
		} else {
			exts[next-40] = kind
		}
		next = 40 + len(exts)
		exts = append(exts, x...)
		if kind == 44 {
			break
		}
	}
	ip.SetPayloadLen(uint16(len(exts) + len(l4)))
	return 0x86dd, append(append(ip, exts...), l4...)
}

// chain makes a packet of the bytes, in one segment or in several of odd lengths. It keeps its mbufs.
type chain struct {
	pool *mbuf.Pool
	rng  *rand.Rand
}

func (c chain) packet(t testing.TB, b []byte) *mbuf.Mbuf {
	t.Helper()
	m := alloc(t, c.pool)
	if c.rng.IntN(2) == 0 {
		require.True(t, m.AppendBytes(b))
		return m
	}
	n := min(len(b), c.rng.IntN(80))
	require.True(t, m.AppendBytes(b[:n]))
	for b = b[n:]; len(b) > 0; b = b[n:] {
		n = min(len(b), c.rng.IntN(40)*(1+c.rng.IntN(8)))
		s := alloc(t, c.pool)
		require.True(t, s.AppendBytes(b[:n]))
		require.NoError(t, m.Chain(s))
	}
	return m
}

// release is how this DPDK differs from others.
type release struct {
	udpTunnels bool // it knows tunnels over UDP, and counts the tunnel's header to inner L2
	tags       bool // it reports a tag as QinQ: a defect of 26.03 and of branches of older ones
}

func probe(t *testing.T, c chain) (r release) {
	vlan := c.packet(t, append([]byte("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x81\x00\x00\x05\x12\x34"), make([]byte, 40)...))
	defer vlan.Free()
	p, _ := twin.PacketType(unsafe.Pointer(vlan), uint32(header.AllLayers))
	r.tags = header.PacketType(p) != header.L2EtherVLAN
	nvgre := append([]byte("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"), make([]byte, 20+4+14+20)...)
	ip := header.IPv4(nvgre[14:])
	ip.Init(38)
	ip.SetProtocol(header.ProtocolGRE)
	header.GRE(nvgre[34:]).SetType(header.EtherTypeTEB)
	m := c.packet(t, nvgre)
	defer m.Free()
	_, l := twin.PacketType(unsafe.Pointer(m), uint32(header.AllLayers))
	r.udpTunnels = l.InnerL2 != 14
	return r
}

// agree compares the results of Go and C for a packet of n bytes. Go finds a header only if it is
// there as a whole, and knows ICMP. why is not empty if they differ.
func (r release) agree(h header.Headers, c header.PacketType, l twin.HeaderLens, n int, whole bool) (why string) {
	g := h.Type
	if g&header.L4Mask == header.L4ICMP {
		g &^= header.L4Mask
		h.L4Len = 0
	}
	if r.udpTunnels && c&header.TunnelMask == 0 { // C takes the protocols 1 to 3, of which 1 is ICMP, for the next protocols of VXLAN GPE
		c &^= header.InnerL2Mask | header.InnerL3Mask | header.InnerL4Mask
	}
	if g&header.InnerL4Mask == header.InnerL4ICMP {
		g &^= header.InnerL4Mask
		h.InnerL4Len = 0
	}
	if r.tags && g&header.L2Mask == header.L2EtherVLAN {
		g, c = g&^header.L2Mask, c&^header.L2Mask
	}
	if l2 := c & header.L2Mask; !whole && g&header.L2Mask == header.L2Ether && (l2 == header.L2EtherVLAN || l2 == header.L2EtherQinQ) { // C counts the tag that is cut off
		g, c = g&^header.L2Mask, c&^header.L2Mask
	}
	if !whole && c&header.L2Mask == 0 && c&header.InnerL3Mask != 0 { // C forgets the outer types if the inner TCP header is cut off
		g &= header.InnerL2Mask | header.InnerL3Mask
	}
	for _, layer := range []header.PacketType{header.L2Mask, header.L3Mask, header.L4Mask, header.TunnelMask, header.InnerL2Mask, header.InnerL3Mask, header.InnerL4Mask} {
		if g&layer != c&layer && (whole || g&layer != 0) {
			return "type"
		}
	}
	innerL2 := l.InnerL2
	if r.udpTunnels {
		innerL2 -= l.Tunnel
	}
	for _, x := range []struct {
		layer header.PacketType
		g     uint16
		c     int
	}{{header.L2Mask, h.L2Len, l.L2}, {header.L3Mask, h.L3Len, l.L3}, {header.L4Mask, h.L4Len, l.L4}, {header.TunnelMask, h.TunnelLen, l.Tunnel},
		{header.InnerL2Mask, h.InnerL2Len, innerL2}, {header.InnerL3Mask, h.InnerL3Len, l.InnerL3}, {header.InnerL4Mask, h.InnerL4Len, l.InnerL4}} {
		if cut := x.layer == header.L3Mask && l.L2+l.L3 > n || x.layer == header.InnerL3Mask && l.L2+l.L3+l.Tunnel+innerL2+l.InnerL3 > n; !whole && (cut || x.layer == header.L2Mask) {
			continue // C counts the extension header that is cut off, and not the first tag if the second one is
		}
		if g&x.layer != 0 && int(x.g) != x.c {
			return "length of " + x.layer.String()
		}
	}
	return ""
}

func TestParseAgreesWithC(t *testing.T) {
	f := frames{rand.New(rand.NewPCG(1, 2))}
	c := chain{newPool(t, 511, mbuf.PoolConfig{}), f.Rand}
	r := probe(t, c)
	types := map[header.PacketType]int{}
	chained := 0
	for i := range rounds(t) {
		b := f.frame()
		whole := true
		if f.IntN(4) == 0 {
			b, whole = b[:f.IntN(len(b)+1)], false
		}
		m := c.packet(t, b)
		if !m.Contiguous() {
			chained++
		}
		h := m.Parse()
		p, l := twin.PacketType(unsafe.Pointer(m), uint32(header.AllLayers))
		if why := r.agree(h, header.PacketType(p), l, len(b), whole); why != "" {
			t.Fatalf("packet %d: another %s:\n%v %+v in Go\n%v %+v in C\n%x", i, why, h.Type, h, header.PacketType(p), l, b)
		}
		require.LessOrEqual(t, h.Len(), len(b))
		types[h.Type]++
		m.Free()
	}
	t.Logf("%d packets, %d of them in several segments, %d types", rounds(t), chained, len(types))
	assert.Greater(t, len(types), 150)
	assert.Greater(t, chained, rounds(t)/3)
}

// rounds is the number of packets of a differential test.
func rounds(t *testing.T) int {
	if testing.Short() {
		return 20_000
	}
	return 120_000
}

// Any bytes behind a valid Ethernet header: nothing panics, and what Go finds C finds too, except
// where C does not check the header.
func TestParseOfMutatedPacketsFindsNothingThatCDoesNot(t *testing.T) {
	f := frames{rand.New(rand.NewPCG(3, 4))}
	c := chain{newPool(t, 511, mbuf.PoolConfig{}), f.Rand}
	r := probe(t, c)
	for i := range rounds(t) {
		b := f.frame()
		for range 1 + f.IntN(3) {
			b[14+f.IntN(min(60, len(b)-14))] ^= 1 << f.IntN(8)
		}
		m := c.packet(t, b)
		h := m.Parse()
		p, l := twin.PacketType(unsafe.Pointer(m), uint32(header.AllLayers))
		// The tunnels that 22.11 does not know.
		if h.Type&header.TunnelMask >= header.TunnelGeneve || h.Type&header.TunnelMask == header.TunnelVXLAN {
			h.Type &= header.L2Mask | header.L3Mask | header.L4Mask
		}
		if h.Type&header.L4Mask == header.L4IGMP {
			h.Type &^= header.L4Mask
		}
		// C reads two tags of QinQ whatever their types are.
		if l2 := h.Type & header.L2Mask; l2 == header.L2EtherQinQ || l2 == header.L2EtherVLAN || l2 == header.L2EtherMPLS {
			m.Free()
			continue
		}
		// C reports no fragment if the type behind its header is 0, hop-by-hop options.
		if h.Type&(header.L3Mask|header.L4Mask) == header.L3IPv6Ext|header.L4Frag {
			h.Type &^= header.L4Mask
		}
		if h.Type&header.InnerL3Mask == header.InnerL3IPv6Ext && h.Type&header.InnerL4Mask == header.InnerL4Frag {
			h.Type &^= header.InnerL4Mask
		}
		if h.Type&header.L2Mask != header.L2Ether {
			h.Type = h.Type&^header.L2Mask | header.L2Ether
		}
		if h.Type&header.InnerL2Mask > header.InnerL2Ether {
			h.Type &= header.L2Mask | header.L3Mask | header.L4Mask | header.TunnelMask
		}
		if why := r.agree(h, header.PacketType(p), l, len(b), false); why != "" {
			t.Fatalf("packet %d: another %s:\n%v %+v in Go\n%v %+v in C\n%x", i, why, h.Type, h, header.PacketType(p), l, b)
		}
		m.Free()
	}
}

func at(b []byte, off int) unsafe.Pointer { return unsafe.Pointer(&b[off]) }

// odd reports whether a segment of m ends an odd number of bytes after off, before off + n. Some
// releases of DPDK, 22.11 among them, lose carries of the segment behind it.
func odd(m *mbuf.Mbuf, off, n int) bool {
	end := 0
	for s := range m.Segments() {
		end += s.DataLen()
		if end > off && end < off+n && (end-off)%2 == 1 {
			return true
		}
	}
	return false
}

// The checksums of Go and C are equal, on contiguous packets and over segments.
func TestChecksumsAgreeWithC(t *testing.T) {
	f := frames{rand.New(rand.NewPCG(5, 6))}
	c := chain{newPool(t, 511, mbuf.PoolConfig{}), f.Rand}
	counts := map[string]int{}
	for range rounds(t) {
		b := f.frame()
		m := c.packet(t, b)
		off, n := f.IntN(len(b)), 0
		n = f.IntN(len(b) - off + 1)
		sum, ok := m.RawChecksum(off, n)
		csum, cok := twin.RawChecksumMbuf(unsafe.Pointer(m), uint32(off), uint32(n))
		require.True(t, ok && cok)
		if sum != csum {
			require.True(t, odd(m, off, n), "%d bytes from %d on: %#x, %#x in C", n, off, sum, csum)
			counts["wrong in C"]++
		}
		if n > 0 {
			require.Equal(t, twin.RawChecksum(at(b, off), n), header.RawChecksum(b[off:off+n]))
			require.Equal(t, header.RawChecksum(b[off:off+n]), sum)
		}

		h := m.Parse()
		v6 := h.Type.IsIPv6()
		l4 := h.Type & header.L4Mask
		if h.Type.IsIPv4() {
			ip := header.IPv4(b[h.L3():])
			require.Equal(t, ip.Checksum(), ip.HeaderChecksum())
			field := ip.Checksum()
			ip.SetChecksum(0)
			require.Equal(t, twin.IPv4Checksum(at(b, h.L3())), ip.HeaderChecksum())
			ip.SetChecksum(field)
			require.Equal(t, twin.PseudoChecksum(at(b, h.L3()), false), ip.PseudoChecksum())
		}
		if (l4 != header.L4TCP && l4 != header.L4UDP) || h.Type&header.L3Mask == header.L3IPv6Ext {
			m.Free()
			continue
		}
		field, p := h.L4()+16, header.ProtocolTCP
		if l4 == header.L4UDP {
			field, p = h.L4()+6, header.ProtocolUDP
		}
		ip, data := at(b, h.L3()), b[h.L4():]
		var got uint16
		var good bool
		checksum := func() {
			if v6 {
				got, good = header.IPv6(b[h.L3():]).L4Checksum(p, data), header.IPv6(b[h.L3():]).VerifyL4(p, data)
			} else {
				got, good = header.IPv4(b[h.L3():]).L4Checksum(data), header.IPv4(b[h.L3():]).VerifyL4(data)
			}
		}
		checksum()
		require.Equal(t, twin.VerifyL4(ip, at(b, h.L4()), v6), good)
		b[field], b[field+1] = 0, 0
		require.True(t, m.CopyFrom(b, 0))
		checksum()
		require.Equal(t, twin.L4Checksum(ip, at(b, h.L4()), v6), got)
		split := odd(m, h.L4(), len(data))
		require.True(t, split || twin.L4ChecksumMbuf(unsafe.Pointer(m), ip, uint16(h.L4()), v6) == got)

		// Finished, unfinished, and damaged.
		binary.BigEndian.PutUint16(b[field:], got)
		require.True(t, m.CopyFrom(b, 0))
		require.Equal(t, header.ChecksumGood, m.VerifyChecksum(h))
		require.True(t, split || twin.VerifyL4Mbuf(unsafe.Pointer(m), ip, uint16(h.L4()), v6))
		pseudo := twin.PseudoChecksum(ip, v6)
		if pseudo != got {
			want := bytes.Clone(b)
			binary.BigEndian.PutUint16(b[field:], pseudo)
			require.True(t, m.CopyFrom(b, 0))
			require.Equal(t, header.ChecksumPartial, m.VerifyChecksum(h))
			require.False(t, !split && twin.VerifyL4Mbuf(unsafe.Pointer(m), ip, uint16(h.L4()), v6))
			require.Equal(t, header.ChecksumPartial, m.CompleteChecksum(h))
			require.Equal(t, string(want), content(t, m))
			require.True(t, split || twin.VerifyL4Mbuf(unsafe.Pointer(m), ip, uint16(h.L4()), v6))
			counts["completed"]++
		}
		b[h.L4()] ^= 4
		require.True(t, m.CopyFrom(b, 0))
		require.NotEqual(t, header.ChecksumGood, m.VerifyChecksum(h))
		counts[h.Type.String()]++
		m.Free()
	}
	t.Log(counts)
	assert.Greater(t, counts["completed"], rounds(t)/5)
}

func TestExtensionHeadersAgreeWithC(t *testing.T) {
	f := frames{rand.New(rand.NewPCG(7, 8))}
	c := chain{newPool(t, 511, mbuf.PoolConfig{}), f.Rand}
	ended := 0
	for range 20_000 {
		b := f.bytes(60)
		p := []byte{0, 43, 44, 51, 60, 6}[f.IntN(6)]
		for i := 0; i < len(b); i += 8 {
			b[i], b[i+1] = []byte{0, 43, 44, 60, 6, 59}[f.IntN(6)], byte(f.IntN(3))
		}
		next, n, ok := header.NextExtension(header.Protocol(p), b)
		cnext, cn := twin.NextExtension(unsafe.Pointer(&b[0]), int(p))
		require.Equal(t, cnext >= 0, ok)
		if ok {
			require.Equal(t, []int{cnext, cn}, []int{int(next), n})
		}
		m := c.packet(t, b)
		protocol, rest, fragment, ok := header.SkipExtensions(header.Protocol(p), b)
		cprotocol, off, cfragment := twin.SkipExtensions(uint16(p), unsafe.Pointer(m), 0)
		m.Free()
		if protocol == header.ProtocolNone && cprotocol == 0 {
			cprotocol = int(protocol)
		}
		if ok {
			require.Equal(t, []any{cprotocol, int(off), cfragment}, []any{int(protocol), len(b) - len(rest), fragment}, "%d: %x", p, b)
			ended++
		} else {
			require.True(t, cprotocol < 0 || int(off) > len(b), "%d: %x", p, b)
		}
	}
	assert.Greater(t, ended, 10_000)
}

func TestVLANAgreesWithC(t *testing.T) {
	p := newPool(t, 15, mbuf.PoolConfig{})
	frame := "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00 and some data"
	for _, tunnel := range []mbuf.OffloadFlags{0, mbuf.TxTunnelVXLAN} {
		g, c := packet(t, p, frame), packet(t, p, frame)
		for _, m := range []*mbuf.Mbuf{g, c} {
			m.SetVLAN(0x3005)
			m.SetFlags(mbuf.TxVLAN | mbuf.RxVLANStripped | tunnel)
			require.NoError(t, m.SetTxOffload(mbuf.TxOffload{L2Len: 14, OuterL2Len: 14, L3Len: 20}))
		}
		require.True(t, g.InsertVLAN())
		require.True(t, twin.VLANInsert(unsafe.Pointer(c)))
		equal := func() {
			t.Helper()
			assert.Equal(t, content(t, c), content(t, g))
			assert.Equal(t, []any{c.Flags(), c.TxOffload(), c.VLAN(), c.Headroom()}, []any{g.Flags(), g.TxOffload(), g.VLAN(), g.Headroom()})
		}
		equal()
		assert.Len(t, content(t, g), len(frame)+4)
		g.SetVLAN(0)
		c.SetVLAN(0)
		require.True(t, g.StripVLAN())
		require.True(t, twin.VLANStrip(unsafe.Pointer(c)))
		equal()
		assert.Equal(t, frame, content(t, g))
		assert.False(t, g.StripVLAN())
		assert.False(t, twin.VLANStrip(unsafe.Pointer(c)))

		g.Prepend(g.Headroom())
		before := g.TxOffload()
		assert.False(t, g.InsertVLAN(), "no headroom")
		assert.Equal(t, before, g.TxOffload())
		g.Free()
		clone, err := c.Clone(p)
		require.NoError(t, err)
		assert.False(t, c.InsertVLAN(), "shared")
		assert.False(t, twin.VLANInsert(unsafe.Pointer(clone)))
		clone.Free()
		c.Free()
	}
	short := packet(t, p, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x81\x00\x00")
	assert.False(t, short.StripVLAN(), "half a tag")
	short.Free()
}

func TestRARPAgreesWithC(t *testing.T) {
	p := newPool(t, 15, mbuf.PoolConfig{})
	m := (*mbuf.Mbuf)(twin.MakeRARP(p.Pointer(), [6]byte{2, 3, 4, 5, 6, 7}))
	require.NotNil(t, m)
	frame := string(header.PutRARP(make([]byte, 100), header.MAC{2, 3, 4, 5, 6, 7}))
	assert.Equal(t, strings.TrimRight(content(t, m), "\x00"), strings.TrimRight(frame, "\x00"))
	assert.Len(t, frame, header.RARPFrameLen)
	m.Free()
}

func TestSetHeaders(t *testing.T) {
	p := newPool(t, 15, mbuf.PoolConfig{})
	tcp := header.Headers{Type: header.L2EtherVLAN | header.L3IPv4 | header.L4TCP, L2Len: 18, L3Len: 20, L4Len: 32}
	vxlan := header.Headers{Type: header.L2Ether | header.L3IPv6 | header.L4UDP | header.TunnelVXLAN | header.InnerL2Ether | header.InnerL3IPv4 | header.InnerL4TCP,
		L2Len: 14, L3Len: 40, L4Len: 8, TunnelLen: 8, InnerL2Len: 14, InnerL3Len: 20, InnerL4Len: 20}
	m := alloc(t, p)
	defer m.Free()
	require.NoError(t, m.SetTxOffload(mbuf.TxOffload{SegmentSize: 1000, OuterL2Len: 99}))
	require.NoError(t, m.SetHeaders(tcp))
	assert.Equal(t, mbuf.TxOffload{L2Len: 18, L3Len: 20, L4Len: 32, SegmentSize: 1000}, m.TxOffload())
	assert.Equal(t, tcp.Type, m.PacketType())
	require.NoError(t, m.SetHeaders(vxlan))
	assert.Equal(t, mbuf.TxOffload{L2Len: 30, L3Len: 20, L4Len: 20, OuterL2Len: 14, OuterL3Len: 40, SegmentSize: 1000}, m.TxOffload())
	before := m.TxOffload()
	assert.ErrorIs(t, m.SetHeaders(header.Headers{Type: header.L3IPv6Ext, L2Len: 14, L3Len: 600}), dpdk.ErrInvalid)
	assert.Equal(t, before, m.TxOffload())
	assert.Equal(t, vxlan.Type, m.PacketType())
}

func TestChecksumOfASCTPPacketInSegments(t *testing.T) {
	p := newPool(t, 15, mbuf.PoolConfig{})
	ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Protocol: layers.IPProtocolSCTP, SrcIP: []byte{10, 0, 0, 1}, DstIP: []byte{10, 0, 0, 2}}
	b := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}, ip, &layers.SCTP{SrcPort: 1, DstPort: 2}, gopacket.Payload(make([]byte, 50))))
	whole := string(b.Bytes())
	for cut := 1; cut < len(whole); cut++ {
		m := packet(t, p, whole[:cut], whole[cut:])
		h := m.Parse()
		require.Equal(t, header.ChecksumGood, m.VerifyChecksum(h))
		require.True(t, m.CopyFrom(make([]byte, 4), h.L4()+8))
		require.Equal(t, header.ChecksumPartial, m.CompleteChecksum(h))
		require.Equal(t, whole, content(t, m))
		m.Free()
	}
}

func TestFlowMark(t *testing.T) {
	m := alloc(t, newPool(t, 3, mbuf.PoolConfig{}))
	defer m.Free()
	_, ok := m.FlowMark()
	assert.False(t, ok)
	m.SetFlowMark(0xcafe)
	mark, ok := m.FlowMark()
	assert.True(t, ok)
	assert.EqualValues(t, 0xcafe, mark)
	assert.Equal(t, mbuf.RxFDIR|mbuf.RxFDIRID, m.Flags())
	b := bits(m)
	assert.EqualValues(t, 0xcafe, binary.LittleEndian.Uint32(b[cgo.MbufFdirHi:]))
}

func TestPoolOfAnMbuf(t *testing.T) {
	p := newPool(t, 3, mbuf.PoolConfig{})
	m := alloc(t, p)
	defer m.Free()
	got, err := m.Pool()
	require.NoError(t, err)
	assert.Equal(t, p.Name(), got.Name())
	assert.Equal(t, p.Pointer(), got.Pointer())
	_, err = (*mbuf.Mbuf)(nil).Pool()
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestHeadersDoNotAllocate(t *testing.T) {
	f := frames{rand.New(rand.NewPCG(9, 10))}
	p := newPool(t, 511, mbuf.PoolConfig{})
	c := chain{p, f.Rand}
	var pkts []*mbuf.Mbuf
	for range 40 {
		pkts = append(pkts, c.packet(t, f.frame()))
	}
	i := 0
	assert.Zero(t, testing.AllocsPerRun(len(pkts), func() {
		m := pkts[i%len(pkts)]
		i++
		h := m.Parse()
		_ = m.SetHeaders(h)
		m.VerifyChecksum(h)
		m.CompleteChecksum(h)
		m.RawChecksum(3, m.Len()-3)
	}))
	mbuf.FreeBulk(pkts)
}
