//go:build linux

package udp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
)

var (
	hostMAC = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	peerMAC = net.HardwareAddr{2, 0, 0, 0, 0, 9}
)

const peer4Raw, peer6Raw, other4 = "10.9.0.9", "2001:db8::9", "10.9.1.1"

// besieged is a host with one neighbor, which sends the frames of the test.
func besieged(t *testing.T) (*udp.Host, raw) {
	t.Helper()
	cable, pool := cables(t, 1)
	h := newHost(t, cable.A, udp.Config{Addrs: prefixes(a4+"/24", other4+"/24", a6+"/64"), Pool: pool, MAC: hostMAC})
	r := raw{t, cable.B, pool}
	t.Cleanup(func() { r.drain() })
	return h, r
}

// drain receives what the host has sent.
func (r raw) drain() (frames [][]byte) {
	var pkts [32]*mbuf.Mbuf
	for n := r.port.RxQueue(0).Burst(pkts[:]); n > 0; n = r.port.RxQueue(0).Burst(pkts[:]) {
		for _, m := range pkts[:n] {
			frames = append(frames, bytes.Clone(m.Data()))
		}
		mbuf.FreeBulk(pkts[:n])
	}
	return frames
}

// deliver sends frames and waits until the host has handled them.
func (r raw) deliver(h *udp.Host, frames ...[]byte) {
	r.t.Helper()
	for _, f := range frames {
		want := h.Stats().RxFrames + 1
		r.send(f)
		require.Eventually(r.t, func() bool { return h.Stats().RxFrames >= want }, 10*time.Second, 50*time.Microsecond)
	}
}

// ip makes the headers up to IP of a packet to the host, of either version.
func ip(src, dst string, ttl uint8, protocol layers.IPProtocol) []gopacket.SerializableLayer {
	eth := &layers.Ethernet{SrcMAC: peerMAC, DstMAC: hostMAC, EthernetType: layers.EthernetTypeIPv4}
	to := netip.MustParseAddr(dst)
	if to.IsMulticast() {
		m := header.MulticastMAC(to)
		eth.DstMAC = m[:]
	}
	if to.Is4() {
		return []gopacket.SerializableLayer{eth, &layers.IPv4{Version: 4, TTL: ttl, Protocol: protocol, SrcIP: net.ParseIP(src).To4(), DstIP: net.ParseIP(dst).To4()}}
	}
	eth.EthernetType = layers.EthernetTypeIPv6
	return []gopacket.SerializableLayer{eth, &layers.IPv6{Version: 6, HopLimit: ttl, NextHeader: protocol, SrcIP: net.ParseIP(src), DstIP: net.ParseIP(dst)}}
}

// packet completes a packet with its lengths and checksums.
func packet(t *testing.T, headers []gopacket.SerializableLayer, more ...gopacket.SerializableLayer) []byte {
	t.Helper()
	all := append(headers, more...)
	for _, l := range more {
		if c, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok {
			require.NoError(t, c.SetNetworkLayerForChecksum(headers[1].(gopacket.NetworkLayer)))
		}
	}
	b := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...))
	return bytes.Clone(b.Bytes())
}

// datagram is a datagram from port 5 to port 700.
func datagram(t *testing.T, src, dst, data string) []byte {
	return packet(t, ip(src, dst, 64, layers.IPProtocolUDP), &layers.UDP{SrcPort: 5, DstPort: 700}, gopacket.Payload(data))
}

// cut makes fragments with n bytes each of an IPv4 packet.
func cut(frame []byte, id uint16, n int) (frames [][]byte) {
	const l4 = 34
	for off := 0; off < len(frame)-l4; off += n {
		end := min(off+n, len(frame)-l4)
		f := append(bytes.Clone(frame[:l4]), frame[l4+off:l4+end]...)
		ip := header.IPv4(f[14:])
		ip.SetTotalLen(uint16(20 + end - off))
		ip.SetID(id)
		ip.SetFragmentOffset(off)
		ip.SetMoreFragments(end < len(frame)-l4)
		ip.UpdateHeaderChecksum()
		frames = append(frames, f)
	}
	return frames
}

// introduce makes the host know the Ethernet address of a station.
func (r raw) introduce(h *udp.Host, src, to string) {
	r.t.Helper()
	request := packet(r.t, []gopacket.SerializableLayer{&layers.Ethernet{SrcMAC: peerMAC, DstMAC: net.HardwareAddr{255, 255, 255, 255, 255, 255}, EthernetType: layers.EthernetTypeARP}},
		&layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPRequest,
			SourceHwAddress: peerMAC, SourceProtAddress: net.ParseIP(src).To4(), DstHwAddress: make([]byte, 6), DstProtAddress: net.ParseIP(to).To4()})
	r.deliver(h, request)
}

func TestSmallerReadBufferDropsWhatComes(t *testing.T) {
	h, peer := besieged(t)
	c := listen(t, h, "udp4", ":700").(*udp.Conn)
	d := datagram(t, peer4Raw, a4, "x")
	for range 40 {
		peer.deliver(h, d)
	}
	require.NoError(t, c.SetReadBuffer(1)) // 16, and 40 wait
	peer.deliver(h, d)
	assert.EqualValues(t, 1, c.Stats().RxDropped)
	assert.Equal(t, 40, c.Stats().Waiting)
	for range 25 {
		_, err := c.Read(make([]byte, 1))
		require.NoError(t, err)
	}
	peer.deliver(h, d, d)
	assert.Equal(t, 16, c.Stats().Waiting)
}

// Each member of a group owns a reference to each segment of a datagram that came in fragments.
func TestMembersShareFragments(t *testing.T) {
	h, peer := besieged(t)
	const group = "239.1.2.3"
	var members []udp.PacketConn
	for _, a := range []string{a4, other4} {
		c := listen(t, h, "udp4", a+":700")
		require.NoError(t, c.(*udp.Conn).JoinGroup(netip.MustParseAddr(group)))
		members = append(members, c)
	}
	buf := make([]byte, 4096)
	for i := range 50 {
		data := payload(i, 2000)
		peer.deliver(h, cut(datagram(t, peer4Raw, group, string(data)), uint16(i), 800)...)
		for _, c := range members {
			n, err := c.Read(buf)
			require.NoError(t, err)
			require.Equal(t, data, buf[:n])
		}
	}
}

// Fragments hold at most an eighth of the pool, however they are spread over datagrams.
func TestFragmentsAreBounded(t *testing.T) {
	h, peer := besieged(t)
	whole := datagram(t, peer4Raw, a4, string(make([]byte, 500)))
	const datagrams, each = 200, 30
	sent := uint64(0)
	for part := range each { // all datagrams grow at the same time
		for id := range datagrams {
			peer.send(cut(whole, uint16(id), 8)[part])
			sent++
			for h.Stats().RxFragments+100 < sent {
				runtime.Gosched()
			}
		}
	}
	require.Eventually(t, func() bool { return h.Stats().RxFragments == sent }, 10*time.Second, time.Millisecond)
	kept := sent - h.Stats().Drops[udp.DropFragments]
	assert.LessOrEqual(t, kept, uint64(peer.pool.Size()/8))
	udp.Tick(h, time.Now().Add(31*time.Second))
	assert.Equal(t, kept, h.Stats().Drops[udp.DropTimeout])
}

// The queues of sockets have limits in mbufs: a datagram in fragments has many.
func TestQueuedFragmentsAreBounded(t *testing.T) {
	h, peer := besieged(t)
	c := listen(t, h, "udp4", ":700").(*udp.Conn)
	whole := datagram(t, peer4Raw, a4, string(make([]byte, 1000)))
	parts := cut(whole, 0, 8)
	const datagrams = 60
	for id := range datagrams {
		peer.deliver(h, cut(whole, uint16(id), 8)...)
	}
	s := c.Stats()
	assert.Equal(t, 512/len(parts)+1, s.Waiting)
	assert.EqualValues(t, datagrams, s.RxDatagrams+s.RxDropped)
	for range s.Waiting {
		n, err := c.Read(make([]byte, 2000))
		require.NoError(t, err)
		assert.Equal(t, 1000, n)
	}
	peer.deliver(h, cut(whole, 1000, 8)...)
	assert.Equal(t, 1, c.Stats().Waiting)
}

// A station that makes a server write to addresses where nobody answers does not stop it, and does not take all mbufs.
func TestAbsentNeighborsDoNotStopWriters(t *testing.T) {
	h, peer := besieged(t)
	c := listen(t, h, "udp4", ":700")
	for range 500 {
		_, err := c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("10.9.0.77:5"))
		require.NoError(t, err)
	}
	assert.EqualValues(t, 500-128, h.Stats().Drops[udp.DropUnresolved])
	var err error
	sent := 0
	for i := 0; i < 250*100 && err == nil; i++ {
		sent++
		_, err = c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort(fmt.Sprint("10.9.1.", i%250+2, ":5")))
	}
	require.ErrorIs(t, err, syscall.ENOBUFS)
	assert.Equal(t, peer.pool.Size()/8-128, sent-1)
	peer.introduce(h, peer4Raw, a4)
	_, err = c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort(peer4Raw+":5"))
	require.NoError(t, err)
}

// Addresses that do not answer do not keep new neighbors from the cache.
func TestFullNeighborCacheHasRoom(t *testing.T) {
	h, peer := besieged(t)
	c := listen(t, h, "udp", ":700")
	peer.introduce(h, peer4Raw, a4)
	to := netip.MustParseAddrPort(peer4Raw + ":5")
	for i := range 2000 {
		_, err := c.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 14: byte(i >> 8), 15: byte(i)}), 5))
		if err != nil {
			require.ErrorIs(t, err, syscall.ENOBUFS) // too many datagrams wait
		}
		if i%100 == 0 {
			peer.drain()
		}
	}
	assert.Equal(t, 1024, h.Stats().Neighbors)
	peer.drain()
	_, err := c.WriteToUDPAddrPort([]byte("hello"), to)
	require.NoError(t, err)
	assert.True(t, contains(peer.drain(), "hello"), "the neighbor that has answered was forgotten")
	_, err = c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("10.9.0.50:5"))
	if err != nil {
		require.ErrorIs(t, err, syscall.ENOBUFS)
	}
	peer.introduce(h, "10.9.0.50", a4)
	peer.drain()
	_, err = c.WriteToUDPAddrPort([]byte("world"), netip.MustParseAddrPort("10.9.0.50:5"))
	require.NoError(t, err)
	assert.True(t, contains(peer.drain(), "world"))
}

func contains(frames [][]byte, data string) bool {
	for _, f := range frames {
		if bytes.Contains(f, []byte(data)) {
			return true
		}
	}
	return false
}

// Addresses that cannot be on the wire are not accepted from there.
func TestMartiansAreDropped(t *testing.T) {
	h, peer := besieged(t)
	c := listen(t, h, "udp", ":700").(*udp.Conn)
	for _, from := range [][2]string{
		{a4, a4}, {other4, a4}, {"127.0.0.1", a4}, {"127.9.9.9", a4}, {"0.0.0.0", a4}, {"224.0.0.1", a4}, {"10.9.0.255", a4}, {"255.255.255.255", a4}, {peer4Raw, "127.0.0.1"},
		{a6, a6}, {"::1", a6}, {"::", a6}, {"ff02::1", a6}, {peer6Raw, "::1"},
	} {
		before := h.Stats()
		peer.deliver(h, datagram(t, from[0], from[1], "x"))
		after := h.Stats()
		assert.Equal(t, before.Drops[udp.DropMalformed]+1, after.Drops[udp.DropMalformed], "from %s to %s", from[0], from[1])
		assert.Equal(t, before.TxFrames, after.TxFrames)
	}
	assert.Zero(t, c.Stats().RxDatagrams)
	group := datagram(t, peer4Raw, a4, "x")
	group[6] |= 1 // the source of the frame is a group
	peer.deliver(h, group)
	assert.Zero(t, c.Stats().RxDatagrams)
	// A station without an address yet asks all, as DHCP does.
	peer.deliver(h, datagram(t, "0.0.0.0", "255.255.255.255", "x"), datagram(t, peer4Raw, a4, "x"))
	assert.EqualValues(t, 2, c.Stats().RxDatagrams)
}

// tooBig is an ICMP error about a datagram of n bytes from port 700 to a peer.
func tooBig(t *testing.T, dst string, n, mtu int) []byte {
	inner := packet(t, ip(a4, dst, 64, layers.IPProtocolUDP), &layers.UDP{SrcPort: 700, DstPort: 5}, gopacket.Payload(make([]byte, n-28)))
	return packet(t, ip("10.9.0.254", a4, 64, layers.IPProtocolICMPv4),
		&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(3, 4), Seq: uint16(mtu)}, gopacket.Payload(inner[14:14+28]))
}

// An error that cannot be about a packet of this host does not lower a path MTU.
func TestForgedTooBigIsIgnored(t *testing.T) {
	h, peer := besieged(t)
	c := listen(t, h, "udp4", ":700")
	to := netip.MustParseAddrPort(peer4Raw + ":5")
	peer.introduce(h, peer4Raw, a4)
	write := func(n int) uint64 {
		t.Helper()
		before := h.Stats().TxFragments
		_, err := c.WriteToUDPAddrPort(make([]byte, n), to)
		require.NoError(t, err)
		return h.Stats().TxFragments - before
	}
	peer.deliver(h, tooBig(t, peer4Raw, 1400, 600)) // nothing was sent there yet
	assert.Zero(t, write(1300))
	peer.deliver(h, tooBig(t, peer4Raw, 600, 600)) // it was not too big
	assert.Zero(t, write(1300))
	assert.Zero(t, h.Stats().RxErrors)
	peer.deliver(h, tooBig(t, peer4Raw, 1400, 600))
	assert.EqualValues(t, 3, write(1300))
	peer.deliver(h, tooBig(t, peer4Raw, 1400, 700)) // the MTU does not rise again
	assert.EqualValues(t, 3, write(1300))
	assert.EqualValues(t, 2, h.Stats().RxErrors)
}

// Queries for groups come from a router on the link.
func TestForwardedQueriesAreDropped(t *testing.T) {
	h, peer := besieged(t)
	igmp := func(ttl uint8) []byte {
		b := []byte{0x11, 10, 0, 0, 0, 0, 0, 0}
		binary.BigEndian.PutUint16(b[2:], header.Checksum(b))
		return packet(t, ip(peer4Raw, a4, ttl, layers.IPProtocolIGMP), gopacket.Payload(b))
	}
	mld := func(src string, hops uint8) []byte {
		return packet(t, ip(src, "ff02::1", hops, layers.IPProtocolICMPv6), &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(130, 0)}, gopacket.Payload(make([]byte, 20)))
	}
	before := h.Stats()
	peer.deliver(h, igmp(2), mld("fe80::9", 64), mld(peer6Raw, 1))
	after := h.Stats()
	assert.Equal(t, before.TxFrames, after.TxFrames)
	assert.Equal(t, before.Drops[udp.DropMalformed]+3, after.Drops[udp.DropMalformed])
	peer.deliver(h, mld("fe80::9", 1))
	assert.Greater(t, h.Stats().TxFrames, before.TxFrames)
	before = h.Stats()
	for range 100 { // a flood is not answered at its rate
		peer.deliver(h, mld("fe80::9", 1))
	}
	assert.Less(t, h.Stats().TxFrames-before.TxFrames, uint64(100))
}

// neighbour is a neighbor solicitation (135) or advertisement (136) for target.
func neighbour(t *testing.T, src, dst string, kind uint8, flags byte, target string, options ...byte) []byte {
	body := append(append([]byte{flags, 0, 0, 0}, net.ParseIP(target).To16()...), options...)
	return packet(t, ip(src, dst, 255, layers.IPProtocolICMPv6), &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)}, gopacket.Payload(body))
}

// Neighbor discovery follows the checks of RFC 4861, sections 7.1 and 7.2.
func TestNeighborMessagesAreChecked(t *testing.T) {
	h, peer := besieged(t)
	solicitedNode := header.SolicitedNode(netip.MustParseAddr(a6)).String()
	source, target := append([]byte{1, 1}, peerMAC...), append([]byte{2, 1}, peerMAC...)
	for name, f := range map[string][]byte{
		"a station without an address has one in an option": neighbour(t, "::", solicitedNode, 135, 0, a6, source...),
		"a station without an address asks one station":     neighbour(t, "::", a6, 135, 0, a6),
		"all stations get an answer to their question":      neighbour(t, peer6Raw, "ff02::1", 136, 0x60, peer6Raw, target...),
	} {
		before := h.Stats()
		peer.deliver(h, f)
		after := h.Stats()
		assert.Equal(t, before.Drops[udp.DropMalformed]+1, after.Drops[udp.DropMalformed], name)
		assert.Equal(t, before.TxFrames, after.TxFrames, name)
	}
	// The answer to a question to one station may omit the Ethernet address.
	c := listen(t, h, "udp6", ":700")
	to, from := netip.MustParseAddrPort("["+peer6Raw+"]:5"), netip.MustParseAddr(peer6Raw)
	_, err := c.WriteToUDPAddrPort([]byte("x"), to)
	require.NoError(t, err)
	peer.deliver(h, neighbour(t, peer6Raw, a6, 136, 0x40, peer6Raw)) // of a station with no known one it is worth nothing
	assert.False(t, udp.Reachable(h, from))
	peer.deliver(h, neighbour(t, peer6Raw, a6, 136, 0x60, peer6Raw, target...))
	assert.True(t, udp.Reachable(h, from))
	udp.Tick(h, time.Now().Add(31*time.Second))
	assert.False(t, udp.Reachable(h, from))
	frames := h.Stats().TxFrames
	_, err = c.WriteToUDPAddrPort([]byte("x"), to)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return h.Stats().TxFrames == frames+2 }, 10*time.Second, time.Millisecond) // with a question
	peer.deliver(h, neighbour(t, peer6Raw, a6, 136, 0x40, peer6Raw))
	assert.True(t, udp.Reachable(h, from))
}

// The kernel confirms its Ethernet address to a host that asks again, over both IP versions.
func TestKernelStaysReachable(t *testing.T) {
	s := veth(t, nil)
	for _, peer := range []string{peer4, peer6} {
		server := listen(t, kernelNet{t, s}, "udp", net.JoinHostPort(peer, "701"))
		c := dial(t, s.host, "udp", server.LocalAddr().String())
		at := netip.MustParseAddr(peer)
		exchange := func() {
			t.Helper()
			_, err := c.Write([]byte("x"))
			require.NoError(t, err)
			_, _, err = server.ReadFromUDPAddrPort(make([]byte, 1))
			require.NoError(t, err)
			require.Eventually(t, func() bool { return udp.Reachable(s.host, at) }, 2*time.Second, time.Millisecond, "%v", at)
		}
		exchange()
		udp.Tick(s.host, time.Now().Add(31*time.Second))
		require.False(t, udp.Reachable(s.host, at))
		exchange()
	}
}

// The error for an unknown protocol points to the header that has it (RFC 4443, section 3.4), and nothing answers no next header.
func TestUnknownProtocolOfIPv6(t *testing.T) {
	h, peer := besieged(t)
	peer.drain()
	peer.deliver(h, packet(t, ip(peer6Raw, a6, 64, 60), gopacket.Payload([]byte{200, 0, 1, 4, 0, 0, 0, 0, 'x'}))) // destination options
	frames := peer.drain()
	require.NotEmpty(t, frames)
	icmp := frames[len(frames)-1][54:]
	assert.Equal(t, []byte{4, 1}, icmp[:2])
	assert.EqualValues(t, 40, binary.BigEndian.Uint32(icmp[4:]))
	peer.deliver(h, packet(t, ip(peer6Raw, a6, 64, 59)))
	assert.Empty(t, peer.drain())
}

// Datagrams to the host itself do not go through the port, so the port cannot compute their checksums.
func TestOwnDatagramsHaveChecksums(t *testing.T) {
	a, _ := pair(t, nil)
	udp.OffloadChecksums(a)
	for _, address := range []string{a4 + ":700", "[" + a6 + "]:700"} {
		echo(t, a, a, "udp", address, everySize)
	}
}

// A station that sees the identifications of its own fragments cannot guess those of others (RFC 7739).
func TestFragmentIDsOfDestinationsDiffer(t *testing.T) {
	h, peer := besieged(t)
	c := listen(t, h, "udp4", ":700")
	var ids [8]uint16
	for i := range ids {
		to := fmt.Sprint("10.9.0.", 100+i)
		peer.introduce(h, to, a4)
		peer.drain()
		_, err := c.WriteToUDPAddrPort(make([]byte, 2000), netip.MustParseAddrPort(to+":5"))
		require.NoError(t, err)
		frames := peer.drain()
		ids[i] = header.IPv4(frames[len(frames)-1][14:]).ID()
	}
	next := 0
	for i := range ids[1:] {
		if ids[i+1] == ids[i]+1 {
			next++
		}
	}
	assert.Less(t, next, 3, "%v", ids)
}

// Close returns when no call and no goroutine has an mbuf any more, whatever they were doing.
func TestCloseBesideCalls(t *testing.T) {
	cable, pool := cables(t, 1)
	peer := raw{t, cable.B, pool}
	for range harness.Size(200, 20) {
		h, err := udp.NewHost(cable.A, udp.Config{Addrs: prefixes(a4+"/24", a6+"/64"), MAC: hostMAC})
		require.NoError(t, err)
		peer.introduce(h, peer4Raw, a4)
		server := listen(t, h, "udp4", a4+":700")
		var calls sync.WaitGroup
		for _, to := range []string{a4 + ":700", a4 + ":9", "10.9.0.77:5", peer4Raw + ":5", "10.9.0.255:5"} { // itself, a closed port, an absent neighbor, a full queue
			for _, n := range []int{1, 3000} {
				calls.Go(func() {
					c, err := h.ListenUDP("udp4", nil)
					for i := 0; err == nil; i++ {
						if _, err = c.WriteToUDPAddrPort(make([]byte, n), netip.MustParseAddrPort(to)); errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENOBUFS) {
							err = nil
						}
					}
					if !errors.Is(err, net.ErrClosed) {
						t.Error(err)
					}
				})
			}
		}
		calls.Go(func() {
			var err error
			for err == nil {
				_, err = server.Read(make([]byte, 4000))
			}
			if !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		})
		for h.Stats().RxDatagrams < 100 {
			runtime.Gosched()
		}
		require.NoError(t, h.Close())
		peer.drain()
		require.NoError(t, mbuftest.Missing(pool))
		calls.Wait()
	}
}

func TestIdleErrors(t *testing.T) {
	cable, pool := cables(t, 1)
	cfg := udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool}
	cfg.Idle = func(int) udp.Idle { return nil }
	_, err := udp.NewHost(cable.A, cfg)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	require.ErrorContains(t, err, "Idle returned nil")
	cfg.Idle, cfg.Interrupts = func(int) udp.Idle { return asleep{} }, true
	_, err = udp.NewHost(cable.A, cfg)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	require.ErrorContains(t, err, "without a Waiter")
	cfg.Idle = nil
	_, err = udp.NewHost(cable.A, cfg) // net_ring has none
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	require.ErrorContains(t, err, "Config.RxInterrupts")
}

// Frames of all kinds with random changes and right checksums do not stop a host, and do not cost it mbufs.
func TestChangedFrames(t *testing.T) {
	h, peer := besieged(t)
	r := harness.Random(t)
	c := listen(t, h, "udp", ":700").(*udp.Conn)
	require.NoError(t, c.JoinGroup(netip.MustParseAddr("239.1.2.3")))
	require.NoError(t, c.SetControl(udp.ControlTOS|udp.ControlTTL|udp.ControlDestination))
	echo := func(v4 bool) []byte {
		if v4 {
			return packet(t, ip(peer4Raw, a4, 64, layers.IPProtocolICMPv4), &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0)}, gopacket.Payload(make([]byte, 56)))
		}
		return packet(t, ip(peer6Raw, a6, 64, layers.IPProtocolICMPv6), &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(128, 0)}, gopacket.Payload(make([]byte, 60)))
	}
	source := append([]byte{1, 1}, peerMAC...)
	corpus := [][]byte{
		datagram(t, peer4Raw, a4, "hello"), datagram(t, peer6Raw, a6, "hello"), datagram(t, peer4Raw, "239.1.2.3", "hello"), echo(true), echo(false),
		tooBig(t, peer4Raw, 1400, 600), neighbour(t, peer6Raw, a6, 135, 0, a6, source...), neighbour(t, peer6Raw, a6, 136, 0x60, peer6Raw, append([]byte{2, 1}, peerMAC...)...),
		packet(t, ip("fe80::9", "ff02::1", 1, layers.IPProtocolICMPv6), &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(130, 0)}, gopacket.Payload(make([]byte, 20))),
		packet(t, ip(peer6Raw, a6, 64, 44), gopacket.Payload([]byte{17, 0, 0, 1, 0, 0, 0, 1, 0, 5, 2, 188, 0, 16, 0, 0})),
		packet(t, ip(peer6Raw, a6, 64, 0), gopacket.Payload([]byte{60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0, 0, 5, 2, 188, 0, 8, 0, 0})),
		packet(t, []gopacket.SerializableLayer{&layers.Ethernet{SrcMAC: peerMAC, DstMAC: hostMAC, EthernetType: layers.EthernetTypeARP}},
			&layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPRequest,
				SourceHwAddress: peerMAC, SourceProtAddress: net.ParseIP(peer4Raw).To4(), DstHwAddress: make([]byte, 6), DstProtAddress: net.ParseIP(a4).To4()}),
	}
	corpus = append(corpus, cut(datagram(t, peer4Raw, a4, string(make([]byte, 100))), 7, 24)...)
	frames := harness.Size(100_000, 20_000)
	buf, oob := make([]byte, 65536), make([]byte, 128)
	for i := range frames {
		f := bytes.Clone(corpus[r.IntN(len(corpus))])
		for range r.IntN(4) {
			f[12+r.IntN(len(f)-12)] = byte(r.Uint32())
		}
		if r.IntN(8) == 0 {
			f = f[:14+r.IntN(len(f)-13)]
		}
		repair(f)
		peer.send(f)
		if i%50 == 49 {
			require.Eventually(t, func() bool { return h.Stats().RxFrames == uint64(i+1) }, 10*time.Second, 50*time.Microsecond)
			peer.drain()
			for c.Stats().Waiting > 0 {
				_, _, _, _, err := c.ReadMsgUDPAddrPort(buf, oob)
				require.NoError(t, err)
			}
		}
	}
	udp.Tick(h, time.Now().Add(31*time.Second))
	received := c.Stats().RxDatagrams
	assert.Positive(t, received)
	peer.deliver(h, datagram(t, peer4Raw, a4, "still there"))
	assert.Equal(t, received+1, c.Stats().RxDatagrams)
}

// repair writes the right checksums of IPv4 and ICMP into a frame, as far as it has them.
func repair(f []byte) {
	if len(f) < 34 {
		return
	}
	switch binary.BigEndian.Uint16(f[12:]) {
	case 0x0800:
		n := int(f[14]&15) * 4
		if n < 20 || 14+n > len(f) {
			return
		}
		header.IPv4(f[14:]).UpdateHeaderChecksum()
		end := min(14+int(binary.BigEndian.Uint16(f[16:])), len(f))
		if l4 := f[14+n : max(14+n, end)]; (f[23] == 1 || f[23] == 2) && len(l4) >= 4 {
			binary.BigEndian.PutUint16(l4[2:], 0)
			binary.BigEndian.PutUint16(l4[2:], header.Checksum(l4))
		}
	case 0x86dd:
		if len(f) < 54+8 || f[20] != 58 {
			return
		}
		icmp := f[54:min(54+int(binary.BigEndian.Uint16(f[18:])), len(f))]
		if len(icmp) < 4 {
			return
		}
		binary.BigEndian.PutUint16(icmp[2:], 0)
		src, dst := netip.AddrFrom16([16]byte(f[22:38])), netip.AddrFrom16([16]byte(f[38:54]))
		sum := header.CombineChecksums(header.RawChecksum(icmp), 0, header.PseudoChecksum(src, dst, header.ProtocolICMPv6, len(icmp)))
		binary.BigEndian.PutUint16(icmp[2:], ^sum)
	}
}
