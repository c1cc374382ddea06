package packet_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/packet"
)

// stack returns the layers of a random packet.
func stack(r *rand.Rand) (opts gopacket.SerializeOptions, l []gopacket.SerializableLayer) {
	opts = gopacket.SerializeOptions{FixLengths: r.IntN(4) > 0, ComputeChecksums: r.IntN(4) > 0}
	p := &randomPacket{Rand: r}
	if r.IntN(4) == 0 {
		p.udp(4789)
		p.add(&layers.VXLAN{ValidIDFlag: true, VNI: uint32(r.IntN(1 << 24))})
	}
	payload := gopacket.Payload(p.some(r.IntN(1400)))
	if r.IntN(3) == 0 {
		payload = payload[:min(len(payload), r.IntN(30))]
	}
	p.innermost(payload)
	return opts, p.layers
}

// randomPacket collects random layers.
type randomPacket struct {
	*rand.Rand
	layers  []gopacket.SerializableLayer
	network gopacket.NetworkLayer // the last one
}

func (p *randomPacket) add(l ...gopacket.SerializableLayer) { p.layers = append(p.layers, l...) }

func (p *randomPacket) some(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(p.Uint32())
	}
	return b
}

func (p *randomPacket) ethernet(t layers.EthernetType) {
	p.add(&layers.Ethernet{SrcMAC: p.some(6), DstMAC: p.some(6), EthernetType: t})
}

// tags adds Ethernet with up to two VLAN tags.
func (p *randomPacket) tags(t layers.EthernetType) {
	n := p.IntN(3)
	if n == 0 {
		p.ethernet(t)
		return
	}
	p.ethernet(layers.EthernetTypeDot1Q)
	for ; n > 0; n-- {
		next := layers.EthernetTypeDot1Q
		if n == 1 {
			next = t
		}
		p.add(&layers.Dot1Q{VLANIdentifier: uint16(p.IntN(4096)), Type: next})
	}
}

func (p *randomPacket) ip(protocol layers.IPProtocol) {
	if p.IntN(2) == 0 {
		p.tags(layers.EthernetTypeIPv4)
		v4 := &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Id: uint16(p.Uint32()), Protocol: protocol, SrcIP: p.some(4), DstIP: p.some(4)}
		if p.IntN(3) == 0 {
			v4.Options = []layers.IPv4Option{{OptionType: 7, OptionLength: 7, OptionData: p.some(5)}}
			v4.IHL = 7
		}
		p.network = v4
		p.add(v4)
		return
	}
	p.tags(layers.EthernetTypeIPv6)
	v6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: protocol, SrcIP: p.some(16), DstIP: p.some(16)}
	p.network = v6
	p.add(v6)
}

func (p *randomPacket) udp(dst layers.UDPPort) {
	p.ip(layers.IPProtocolUDP)
	u := &layers.UDP{SrcPort: layers.UDPPort(p.Uint32()), DstPort: dst}
	_ = u.SetNetworkLayerForChecksum(p.network)
	p.add(u)
}

// innermost adds the innermost layers and the payload. Some have no room for a payload.
func (p *randomPacket) innermost(payload gopacket.Payload) {
	switch p.IntN(9) {
	case 0:
		p.udp(layers.UDPPort(p.Uint32()))
	case 1:
		p.ip(layers.IPProtocolTCP)
		tcp := &layers.TCP{SrcPort: 1, DstPort: 2, Seq: p.Uint32(), SYN: true, DataOffset: 5}
		if p.IntN(2) == 0 {
			tcp.Options = []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: p.some(2)}, {OptionType: layers.TCPOptionKindNop}}
			tcp.DataOffset = 7
		}
		_ = tcp.SetNetworkLayerForChecksum(p.network)
		p.add(tcp)
	case 2:
		p.ip(layers.IPProtocolICMPv4)
		p.add(&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: 7, Seq: uint16(p.Uint32())})
	case 3:
		p.ip(layers.IPProtocolICMPv6)
		icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(128, 0)}
		_ = icmp.SetNetworkLayerForChecksum(p.network)
		p.add(icmp, &layers.ICMPv6Echo{Identifier: 1, SeqNumber: uint16(p.Uint32())})
	case 4:
		p.ip(layers.IPProtocolSCTP)
		p.add(&layers.SCTP{SrcPort: 1, DstPort: 2, VerificationTag: p.Uint32()},
			&layers.SCTPData{SCTPChunk: layers.SCTPChunk{Type: layers.SCTPChunkTypeData}, TSN: p.Uint32()})
	case 5:
		p.tags(layers.EthernetTypeARP)
		p.add(&layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
			Operation: layers.ARPReply, SourceHwAddress: p.some(6), SourceProtAddress: p.some(4), DstHwAddress: p.some(6), DstProtAddress: p.some(4)})
		return
	case 6:
		p.udp(123)
		p.add(&layers.NTP{Version: 4, ExtensionBytes: payload}) // appends them all
		return
	case 7:
		p.ethernet(layers.EthernetTypeLinkLayerDiscovery)
		p.add(&layers.LinkLayerDiscovery{
			ChassisID: layers.LLDPChassisID{Subtype: layers.LLDPChassisIDSubTypeMACAddr, ID: p.some(6)},
			PortID:    layers.LLDPPortID{Subtype: layers.LLDPPortIDSubtypeIfaceName, ID: p.some(1 + p.IntN(9))}, TTL: 120,
			Values: []layers.LinkLayerDiscoveryValue{{Type: layers.LLDPTLVOrgSpecific, Value: p.some(9), Length: 9}}})
		return
	case 8:
		p.ip(layers.IPProtocolGRE)
		p.add(&layers.GRE{Protocol: layers.EthernetTypeIPv4, ChecksumPresent: p.IntN(2) == 0})
	}
	p.add(payload)
}

// dirty returns an empty mbuf with a buffer full of the bytes of another packet.
func dirty(t testing.TB, p *mbuf.Pool, headroom int) *mbuf.Mbuf {
	t.Helper()
	m, ok := p.Alloc()
	require.True(t, ok)
	m.Prepend(m.Headroom())
	m.Append(m.Tailroom())
	for i := range m.Data() {
		m.Data()[i] = 0xa5
	}
	m.Adj(min(headroom, m.BufLen()))
	m.Trim(m.DataLen())
	return m
}

// compare serializes a random packet with gopacket's buffer and into an mbuf.
func compare(t *testing.T, seed uint64, pool *mbuf.Pool) (fits bool) {
	opts, l := stack(rand.New(rand.NewPCG(seed, 0)))
	want := gopacket.NewSerializeBuffer()
	wantErr := gopacket.SerializeLayers(want, opts, l...)
	m := dirty(t, pool, int(seed%200))
	defer m.Free()
	head := m.Headroom()
	err := packet.Serialize(m, opts, l...)
	switch {
	case wantErr != nil:
		assert.ErrorContains(t, err, wantErr.Error(), "seed %d", seed)
	case len(want.Bytes()) > m.BufLen():
		assert.ErrorIs(t, err, dpdk.ErrMessageSize, "seed %d", seed)
	default:
		require.NoError(t, err, "seed %d: %d bytes into %d", seed, len(want.Bytes()), m.BufLen())
		require.Equal(t, want.Bytes(), m.Data(), "seed %d", seed)
		require.Equal(t, len(want.Bytes()), m.Len())
		require.NoError(t, m.Check(true))
		return true
	}
	assert.Zero(t, m.Len(), "seed %d", seed)
	assert.Equal(t, head, m.Headroom(), "seed %d", seed)
	return false
}

func TestSerializeWritesTheSameBytesAsGopacket(t *testing.T) {
	for _, room := range []int{mbuf.DefaultDataRoom, 600, 100, 40} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			pool := newPool(t, 15, mbuf.PoolConfig{DataRoom: room})
			fit := 0
			for seed := range uint64(3000) {
				if compare(t, seed, pool) {
					fit++
				}
			}
			t.Logf("%d of 3,000 fit into %d bytes", fit, room)
			assert.Equal(t, room == 40, fit == 0)
		})
	}
}

func FuzzSerialize(f *testing.F) {
	big := newPool(f, 15, mbuf.PoolConfig{})
	small := newPool(f, 15, mbuf.PoolConfig{DataRoom: 500})
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		compare(t, seed, big)
		compare(t, seed, small)
	})
}

func TestBufferWorksWithGopacketsFunctions(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{})
	m := dirty(t, pool, 128)
	defer m.Free()
	b, err := packet.NewBuffer(m)
	require.NoError(t, err)
	for seed := range uint64(500) {
		opts, l := stack(rand.New(rand.NewPCG(seed, 1)))
		want := gopacket.NewSerializeBuffer()
		if gopacket.SerializeLayers(want, opts, l...) != nil {
			continue
		}
		err := gopacket.SerializeLayers(b, opts, l...)
		if errors.Is(err, dpdk.ErrMessageSize) {
			assert.IsType(t, &layers.NTP{}, l[len(l)-1], "it alone appends more than a trailer")
			continue
		}
		require.NoError(t, err, "seed %d", seed)
		require.Equal(t, want.Bytes(), b.Bytes(), "seed %d", seed)
		require.Equal(t, want.Layers(), b.Layers(), "seed %d", seed)
		require.Equal(t, want.Bytes(), m.Data())
	}
	p := gopacket.NewPacket(serialized(t, fix, udp([]byte("payload"))...), layers.LayerTypeEthernet, gopacket.Default)
	require.NoError(t, gopacket.SerializePacket(b, gopacket.SerializeOptions{}, p))
	assert.Equal(t, p.Data(), m.Data())
	require.NoError(t, b.Clear())
	assert.Zero(t, m.Len())
	assert.Empty(t, b.Layers())
}

// sum returns the Internet checksum of parts, 0 if they hold a correct one.
func sum(parts ...[]byte) uint16 {
	var n uint32
	for i, b := range bytes.Join(parts, nil) {
		n += uint32(b) << (8 * (1 - i%2))
	}
	for n > 0xffff {
		n = n>>16 + n&0xffff
	}
	return ^uint16(n)
}

func TestChecksumsAndLengthsAreFilledIn(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{})
	m := alloc(t, pool, "")
	defer m.Free()
	require.NoError(t, packet.Serialize(m, fix, udp(make([]byte, 101))...))
	frame := m.Data()
	require.Len(t, frame, 14+20+8+101)
	ip, udp := frame[14:34], frame[34:]
	assert.Zero(t, sum(ip))
	assert.NotZero(t, udp[6], "a checksum")
	assert.Zero(t, sum(ip[12:20], []byte{0, 17, 0, 109}, udp))
	assert.Equal(t, []byte{0, 129}, ip[2:4])
	assert.Equal(t, []byte{0, 109}, udp[4:6])
}

func TestSerializeAddsLayersAroundThePacket(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{})
	inner := serialized(t, fix, udp(bytes.Repeat([]byte("in"), 100))...)
	m := alloc(t, pool, string(inner))
	defer m.Free()
	at := &m.Data()[0]
	outer := append(udp(nil)[:3], &layers.VXLAN{ValidIDFlag: true, VNI: 42})
	require.NoError(t, packet.Serialize(m, fix, outer...))
	assert.Equal(t, serialized(t, fix, append(outer, gopacket.Payload(inner))...), m.Data())
	assert.Same(t, at, &m.Data()[50], "the packet was not moved")

	// A second tunnel still fits into the headroom; a third does not.
	require.NoError(t, packet.Serialize(m, fix, outer...))
	before := bytes.Clone(m.Data())
	head := m.Headroom()
	err := packet.Serialize(m, fix, outer...)
	assert.ErrorIs(t, err, dpdk.ErrMessageSize)
	assert.ErrorContains(t, err, "IPv4")
	assert.ErrorContains(t, err, "DataRoom")
	assert.Equal(t, before, m.Data())
	assert.Equal(t, head, m.Headroom())
	assert.Equal(t, len(before), m.Len())
}

type failing struct{ after gopacket.SerializableLayer }

var errFailing = errors.New("not this one")

func (f failing) SerializeTo(b gopacket.SerializeBuffer, opts gopacket.SerializeOptions) error {
	_ = f.after.SerializeTo(b, opts)
	_, _ = b.AppendBytes(3)
	return errFailing
}

func (failing) LayerType() gopacket.LayerType { return gopacket.LayerTypePayload }

func TestFailedSerializeLeavesThePacketUnchanged(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{DataRoom: 300})
	eth := udp(nil)[0]
	for _, test := range []struct {
		name   string
		holds  string
		layers []gopacket.SerializableLayer
		is     error
	}{
		{"a layer that fails, in an empty packet", "", []gopacket.SerializableLayer{failing{eth}}, errFailing},
		{"a layer that fails, around a packet", "some", []gopacket.SerializableLayer{failing{eth}}, errFailing},
		{"a nil layer", "some", []gopacket.SerializableLayer{nil, eth}, dpdk.ErrInvalid},
		{"no room in an empty packet", "", udp(make([]byte, 259)), dpdk.ErrMessageSize},
		{"no headroom", "some", udp(make([]byte, 87)), dpdk.ErrMessageSize},
		{"a payload for which no mbuf is large enough", "", udp(make([]byte, 70000)), dpdk.ErrMessageSize},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := alloc(t, pool, test.holds)
			defer m.Free()
			head := m.Headroom()
			err := packet.Serialize(m, fix, test.layers...)
			assert.ErrorIs(t, err, test.is)
			t.Log(err)
			assert.Equal(t, test.holds, string(m.Data()))
			assert.Equal(t, len(test.holds), m.Len())
			assert.Equal(t, head, m.Headroom())
			require.NoError(t, packet.Serialize(m, fix, eth), "it can still be written to")
		})
	}
	m := alloc(t, pool, "")
	defer m.Free()
	require.NoError(t, packet.Serialize(m, fix, udp(make([]byte, 258))...), "as much as the buffer has")
	assert.Equal(t, 300, m.Len())
	require.NoError(t, packet.Serialize(m, fix), "no layers")
	assert.Equal(t, 300, m.Len())
}

func TestLayerThatIgnoresMissingRoomFails(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{DataRoom: mbuf.DefaultHeadroom + 171})
	m := alloc(t, pool, strings.Repeat("x", 171)) // a byte is missing for a multiple of 4
	defer m.Free()
	err := packet.Serialize(m, fix, &layers.SCTPData{SCTPChunk: layers.SCTPChunk{Type: layers.SCTPChunkTypeData}})
	assert.ErrorIs(t, err, dpdk.ErrMessageSize)
	assert.ErrorContains(t, err, "1 bytes behind 171")
	assert.Equal(t, 171, m.Len())
}

func TestBufferRefusesSharedAndChainedMbufs(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{})
	chain := alloc(t, pool, "one", "two")
	defer chain.Free()
	m := alloc(t, pool, "cloned")
	defer m.Free()
	clone, err := m.Clone(pool)
	require.NoError(t, err)
	defer clone.Free()
	for name, m := range map[string]*mbuf.Mbuf{"nil": nil, "several segments": chain, "cloned": m, "a clone": clone} {
		assert.ErrorIs(t, packet.Serialize(m, fix, udp(nil)...), dpdk.ErrInvalid, name)
		_, err := packet.NewBuffer(m)
		assert.ErrorIs(t, err, dpdk.ErrInvalid, name)
	}
	assert.Equal(t, "cloned", string(clone.Data()))

	var zero packet.Buffer
	_, err = zero.PrependBytes(1)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = zero.AppendBytes(1)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Empty(t, zero.Bytes())
	assert.NoError(t, zero.Clear())

	m2 := alloc(t, pool, "")
	defer m2.Free()
	b, err := packet.NewBuffer(m2)
	require.NoError(t, err)
	for _, n := range []int{-1, -70000} {
		_, err = b.PrependBytes(n)
		assert.ErrorIs(t, err, dpdk.ErrInvalid)
		_, err = b.AppendBytes(n)
		assert.ErrorIs(t, err, dpdk.ErrInvalid)
	}
	for _, n := range []int{mbuf.DefaultDataRoom + 1, 1<<16 + 10, 1 << 40} {
		_, err = b.PrependBytes(n)
		assert.ErrorIs(t, err, dpdk.ErrMessageSize)
		_, err = b.AppendBytes(n)
		assert.ErrorIs(t, err, dpdk.ErrMessageSize)
	}
	assert.Zero(t, m2.Len())
}

func TestSerializedPacketCanBeDecoded(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{})
	m := alloc(t, pool, "")
	defer m.Free()
	require.NoError(t, packet.Serialize(m, fix, udp([]byte("hello"))...))
	assert.Len(t, m.Data(), 60, "padded")
	p := gopacket.NewPacket(m.Data(), layers.LayerTypeEthernet, gopacket.Default)
	require.Nil(t, p.ErrorLayer())
	assert.Equal(t, "hello", string(p.ApplicationLayer().Payload()))
	ip := p.NetworkLayer().(*layers.IPv4)
	assert.True(t, net.IP(ipA).Equal(ip.SrcIP))
}

// References to an external buffer are counted in the buffer, not in the mbufs.
func TestBufferRefusesASharedExternalBuffer(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m, ok := p.Alloc()
	require.True(t, ok)
	require.NoError(t, m.AttachExternal(make([]byte, 256), 0, nil))
	require.True(t, m.AppendBytes([]byte("bytes")))
	c, err := m.Clone(p)
	require.NoError(t, err)
	for _, shared := range []*mbuf.Mbuf{m, c} {
		_, err = packet.NewBuffer(shared)
		assert.ErrorIs(t, err, dpdk.ErrInvalid)
	}
	m.Free()
	_, err = packet.NewBuffer(c)
	assert.NoError(t, err, "no other mbuf shares it")
	c.Free()
}
