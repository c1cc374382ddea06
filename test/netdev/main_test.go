//go:build linux

// Package netdev tests ports on the kernel's own network interfaces: at the other
// end is the kernel's stack, with real sockets and a real ping, or dpdk-testpmd.
// All interfaces lie in network namespaces of the tests' own.
package netdev

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

var numbers int

// number makes names different.
func number() int {
	numbers++
	return numbers
}

// station is a port and the kernel's stack at its other end.
type station struct {
	t    *testing.T
	port *ethdev.Port
	pool *mbuf.Pool
	mac  net.HardwareAddr // the port's, as the kernel knows it
	ip   net.IP
	far  wire.End // the kernel
	peer net.IP   // the kernel's
}

// datapaths are the ways from a port to the kernel.
var datapaths = []struct {
	name  string
	needs []harness.Thing
	open  func(t *testing.T, s *station)
}{
	{"AF_PACKET", nil, func(t *testing.T, s *station) {
		s.veth(t, "net_af_packet%d,iface=%s")
	}},
	{"AF_XDP", []harness.Thing{harness.XDP}, func(t *testing.T, s *station) {
		s.veth(t, "net_af_xdp%d,iface=%s,force_copy=1")
	}},
	{"TAP", nil, func(t *testing.T, s *station) {
		iface := fmt.Sprint("tap", number())
		here, err := wire.Here()
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, here.Close()) })
		s.port, err = ethdev.Attach(fmt.Sprintf("net_tap%d,iface=%s", number(), iface))
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.port.Detach()) })
		require.NoError(t, here.Quiet(iface)) // before it is up
		require.NoError(t, s.port.Configure(ethdev.Config{Pool: s.pool}))
		require.NoError(t, s.port.Start())
		link, err := here.Link(iface)
		require.NoError(t, err)
		s.far = wire.End{Host: here, Name: iface, MAC: link.HardwareAddr}
		s.mac = net.HardwareAddr{2, 0, 0, 0, 0, 0x99} // the driver gives the interface the port's own
	}},
}

// veth opens a port at the near end of a wire.
func (s *station) veth(t *testing.T, devargs string) {
	w := harness.Wire(t)
	s.port = open(t, fmt.Sprintf(devargs, number(), w.Near.Name), s.pool)
	s.mac, s.far = w.Near.MAC, w.Far
}

// open is a started port, detached at the test's end.
func open(t *testing.T, devargs string, pool *mbuf.Pool) *ethdev.Port {
	p, err := ethdev.Open(devargs, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Detach()) })
	return p
}

// each runs a test on every datapath.
func each(t *testing.T, f func(t *testing.T, s *station)) {
	for _, d := range datapaths {
		on(t, d.name, f)
	}
}

// on runs a test on one datapath.
func on(t *testing.T, name string, f func(t *testing.T, s *station)) {
	for _, d := range datapaths {
		if d.name != name {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			harness.Need(t, append(d.needs, harness.Root)...)
			// A ring gives out its mbufs in turn, so a test can use each of them.
			pool, err := mbuf.CreatePool(fmt.Sprint("packets", number()), 8191, mbuf.PoolConfig{Ops: "ring_mp_mc"})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, pool.Free()) })
			// The driver keeps the mbufs of its fill ring and those that are just being
			// sent when it closes. They are in no one's hands: the pool can be freed.
			if d.name != "AF_XDP" {
				mbuftest.CheckFull(t, pool)
			}
			n := byte(number())
			s := &station{t: t, pool: pool, ip: net.IPv4(10, 1, n, 2).To4(), peer: net.IPv4(10, 1, n, 1).To4()}
			d.open(t, s)
			require.NoError(t, s.far.Address(s.far.Name, s.peer.String()+"/24"))
			require.NoError(t, s.far.Neighbour(s.far.Name, s.ip, s.mac))
			f(t, s)
		})
	}
}

const (
	portUDP = 7000 // the DPDK port's
	peerUDP = 7001 // the kernel's
	headers = 14 + 20 + 8
)

// socket returns a UDP socket of the kernel that exchanges packets with the port.
func (s *station) socket() *net.UDPConn {
	s.t.Helper()
	var c *net.UDPConn
	require.NoError(s.t, s.far.Do(func() (err error) {
		c, err = net.DialUDP("udp4", &net.UDPAddr{IP: s.peer, Port: peerUDP}, &net.UDPAddr{IP: s.ip, Port: portUDP})
		return err
	}))
	s.t.Cleanup(func() { c.Close() })
	require.NoError(s.t, c.SetReadBuffer(1<<20))
	require.NoError(s.t, c.SetDeadline(time.Now().Add(30*time.Second)))
	return c
}

// payload is the content of datagram i: its number and a pattern, and every length
// from 4 bytes to what an MTU of 1500 holds.
func payload(i int) []byte {
	p := make([]byte, 4+i%(1500-20-8-4+1))
	binary.BigEndian.PutUint32(p, uint32(i))
	for n := 4; n < len(p); n++ {
		p[n] = byte(i + n)
	}
	return p
}

// all is a number of datagrams that has all lengths.
const all = 1500

// frame is a datagram from the port to the kernel.
func (s *station) frame(data []byte) []byte {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: s.ip, DstIP: s.peer}
	udp := &layers.UDP{SrcPort: portUDP, DstPort: peerUDP}
	require.NoError(s.t, udp.SetNetworkLayerForChecksum(ip))
	b := gopacket.NewSerializeBuffer()
	require.NoError(s.t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{SrcMAC: s.mac, DstMAC: s.far.MAC, EthernetType: layers.EthernetTypeIPv4}, ip, udp, gopacket.Payload(data)))
	return b.Bytes()
}

// send sends a frame by the port, when it takes it.
func (s *station) send(frame []byte) {
	s.t.Helper()
	m, ok := s.pool.Alloc()
	require.True(s.t, ok, "the pool is empty")
	require.True(s.t, m.AppendBytes(frame))
	tx := s.port.TxQueue(0)
	for start := time.Now(); tx.Burst([]*mbuf.Mbuf{m}) == 0; runtime.Gosched() {
		if time.Since(start) > 10*time.Second {
			m.Free()
			require.Fail(s.t, "the port does not send", "%v", tx.Err())
		}
	}
}

// receive takes n frames from the port, for f to look at.
func (s *station) receive(n int, f func(m *mbuf.Mbuf)) {
	s.t.Helper()
	rx := s.port.RxQueue(0)
	var pkts [32]*mbuf.Mbuf
	for start := time.Now(); n > 0; {
		got := rx.Burst(pkts[:min(n, len(pkts))])
		for _, m := range pkts[:got] {
			f(m)
		}
		mbuf.FreeBulk(pkts[:got])
		if n -= got; got == 0 {
			runtime.Gosched()
			require.Less(s.t, time.Since(start), 10*time.Second, "%d more frames should have come: %v", n, rx.Err())
		}
	}
}

// parsed is a UDP datagram in a frame, its lengths and checksums checked.
func (s *station) parsed(frame []byte) (eth layers.Ethernet, ip layers.IPv4, udp layers.UDP) {
	s.t.Helper()
	var data gopacket.Payload
	var found []gopacket.LayerType
	p := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &ip, &udp, &data)
	require.NoError(s.t, p.DecodeLayers(frame, &found))
	require.Contains(s.t, found, layers.LayerTypeUDP)
	assert.Equal(s.t, len(frame), 14+int(ip.Length))
	assert.Equal(s.t, int(ip.Length), 20+int(udp.Length))
	assert.EqualValues(s.t, 0xffff, onesSum(ip.Contents), "checksum of the IPv4 header")
	pseudo := binary.BigEndian.AppendUint16([]byte{0, 17}, udp.Length)
	assert.EqualValues(s.t, 0xffff, onesSum(ip.SrcIP, ip.DstIP, pseudo, udp.Contents, udp.Payload), "checksum of the datagram")
	return eth, ip, udp
}

// onesSum is the sum of the Internet checksum; parts but the last have even lengths.
func onesSum(parts ...[]byte) uint32 {
	var sum uint32
	for _, p := range parts {
		for i, b := range p {
			sum += uint32(b) << (8 * (1 - i%2))
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return sum
}

// link is the kernel's interface, with its counters.
func (s *station) link() (rx, tx uint64) {
	s.t.Helper()
	l, err := s.far.Link(s.far.Name)
	require.NoError(s.t, err)
	return l.Statistics.RxPackets, l.Statistics.TxPackets
}

// counter is one of the counters of a host's kernel, such as "InCsumErrors" of
// "Udp".
func counter(t *testing.T, host *wire.Host, protocol, name string) (n int) {
	t.Helper()
	require.NoError(t, host.Do(func() error {
		snmp, err := os.ReadFile("/proc/thread-self/net/snmp")
		if err != nil {
			return err
		}
		var names []string
		for line := range strings.Lines(string(snmp)) {
			f := strings.Fields(line)
			if f[0] != protocol+":" {
				continue
			}
			if names == nil {
				names = f
				continue
			}
			n, err = strconv.Atoi(f[slices.Index(names, name)])
		}
		return err
	}))
	return n
}
