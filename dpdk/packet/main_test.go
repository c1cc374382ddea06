package packet_test

import (
	"fmt"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

var numbers int

// number returns a new number, for unique names.
func number() int {
	numbers++
	return numbers
}

// newPool creates a pool that must be full again at the test's end.
func newPool(t testing.TB, count int, cfg mbuf.PoolConfig) *mbuf.Pool {
	t.Helper()
	p, err := mbuf.CreatePool(fmt.Sprint("pool ", number()), count, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Free()) })
	mbuftest.CheckFull(t, p)
	return p
}

func newCache(t testing.TB, p *mbuf.Pool) *mbuf.Cache {
	t.Helper()
	c, err := p.NewCache(64)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

func newRing(t testing.TB, count int) *ring.Ring[*mbuf.Mbuf] {
	t.Helper()
	r, err := ring.Create[*mbuf.Mbuf](fmt.Sprint("ring ", number()), count, ring.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Free()) })
	return r
}

// open opens a started port, which is detached at the test's end.
func open(t testing.TB, devargs string, cfg ethdev.Config) *ethdev.Port {
	t.Helper()
	p, err := ethdev.Open(devargs, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Detach()) })
	return p
}

// loopback opens a port that receives the packets that it sends.
func loopback(t testing.TB, pool *mbuf.Pool) *ethdev.Port {
	return open(t, fmt.Sprint("net_ring", number()), ethdev.Config{Pool: pool})
}

func alloc(t testing.TB, p *mbuf.Pool, segments ...string) *mbuf.Mbuf {
	t.Helper()
	var head *mbuf.Mbuf
	for _, s := range segments {
		m, ok := p.Alloc()
		require.True(t, ok)
		require.True(t, m.AppendBytes([]byte(s)))
		if head == nil {
			head = m
		} else {
			require.NoError(t, head.Chain(m))
		}
	}
	return head
}

var (
	fix  = gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	macA = []byte{2, 0, 0, 0, 0, 1}
	macB = []byte{2, 0, 0, 0, 0, 2}
	ipA  = []byte{192, 0, 2, 1}
	ipB  = []byte{192, 0, 2, 2}
)

// udp returns the layers of a UDP packet.
func udp(payload []byte) []gopacket.SerializableLayer {
	eth := &layers.Ethernet{SrcMAC: macA, DstMAC: macB, EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: ipA, DstIP: ipB}
	udp := &layers.UDP{SrcPort: 1000, DstPort: 2000}
	_ = udp.SetNetworkLayerForChecksum(ip)
	return []gopacket.SerializableLayer{eth, ip, udp, gopacket.Payload(payload)}
}

// serialized returns the layers as gopacket itself serializes them.
func serialized(t testing.TB, opts gopacket.SerializeOptions, l ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(b, opts, l...))
	return b.Bytes()
}

// known returns packets of several kinds and lengths.
func known(t testing.TB) (all [][]byte) {
	t.Helper()
	for n := range 40 {
		all = append(all, serialized(t, fix, udp(make([]byte, n*37))...))
	}
	arp := &layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
		Operation: layers.ARPRequest, SourceHwAddress: macA, SourceProtAddress: ipA, DstHwAddress: make([]byte, 6), DstProtAddress: ipB}
	eth := &layers.Ethernet{SrcMAC: macA, DstMAC: layers.EthernetBroadcast, EthernetType: layers.EthernetTypeARP}
	return append(all, serialized(t, fix, eth, arp))
}

// decoder decodes into the same layers each time.
type decoder struct {
	eth     layers.Ethernet
	ip      layers.IPv4
	udp     layers.UDP
	payload gopacket.Payload
	decoded []gopacket.LayerType
	*gopacket.DecodingLayerParser
}

func newDecoder() *decoder {
	d := &decoder{decoded: make([]gopacket.LayerType, 0, 8)}
	d.DecodingLayerParser = gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &d.eth, &d.ip, &d.udp, &d.payload)
	return d
}
