package acl_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/acl"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// ethernet returns the Ethernet header and tags before a packet of that type.
func ethernet(t header.EtherType, tags ...header.EtherType) []byte {
	b := make([]byte, 12)
	for _, tag := range tags {
		b = append(b, byte(tag>>8), byte(tag), 0, 7)
	}
	return append(b, byte(t>>8), byte(t))
}

const source4, destination4 = "10.1.2.3", "10.4.5.6"

// packet4 returns an IPv4 packet with options, and ports 258 and 772 as its first data.
func packet4(p header.Protocol, options, fragment int) []byte {
	b := make([]byte, 20+options+8)
	b[0], b[3], b[6], b[7], b[9] = byte(0x45+options/4), byte(len(b)), byte(fragment>>8), byte(fragment), byte(p)
	copy(b[12:], netip.MustParseAddr(source4).AsSlice())
	copy(b[16:], netip.MustParseAddr(destination4).AsSlice())
	copy(b[20+options:], []byte{1, 2, 3, 4})
	return b
}

// packet6 returns an IPv6 packet with extension headers; the last one has the protocol p.
func packet6(next header.Protocol, extensions []byte) []byte {
	b := make([]byte, 40, 100)
	b[0], b[5], b[6] = 0x60, byte(len(extensions)+8), byte(next)
	copy(b[8:], netip.MustParseAddr("2001:db8::1").AsSlice())
	copy(b[24:], netip.MustParseAddr("2001:db8::2").AsSlice())
	return append(append(b, extensions...), 1, 2, 3, 4, 0, 0, 0, 0)
}

func TestKeysOfIPv4Packets(t *testing.T) {
	const more = 0x2000
	for _, test := range []struct {
		name  string
		l2    []byte
		b     []byte
		ports bool
		need  int // bytes of the frame
	}{
		{"TCP", ethernet(header.EtherTypeIPv4), packet4(header.ProtocolTCP, 0, 0), true, 38},
		{"UDP with a tag", ethernet(header.EtherTypeIPv4, header.EtherTypeVLAN), packet4(header.ProtocolUDP, 0, 0), true, 42},
		{"SCTP with two tags", ethernet(header.EtherTypeIPv4, header.EtherTypeQinQ, header.EtherTypeVLAN), packet4(header.ProtocolSCTP, 0, 0), true, 46},
		{"options", ethernet(header.EtherTypeIPv4), packet4(header.ProtocolTCP, 40, 0), true, 78},
		{"no ports", ethernet(header.EtherTypeIPv4), packet4(header.ProtocolICMP, 0, 0), false, 34},
		{"the first fragment", ethernet(header.EtherTypeIPv4), packet4(header.ProtocolTCP, 0, more), true, 38},
		{"another fragment", ethernet(header.EtherTypeIPv4), packet4(header.ProtocolTCP, 0, more|1), false, 34},
		{"the last fragment", ethernet(header.EtherTypeIPv4), packet4(header.ProtocolTCP, 0, 0x1fff), false, 34},
	} {
		var want acl.Key4
		ports := [2]uint16{}
		if test.ports {
			ports = [2]uint16{0x0102, 0x0304}
		}
		require.True(t, want.Set(netip.AddrPortFrom(netip.MustParseAddr(source4), ports[0]), netip.AddrPortFrom(netip.MustParseAddr(destination4), ports[1]),
			header.Protocol(test.b[9])))
		frame := append(test.l2, test.b...)
		for n := range len(frame) + 1 {
			got := acl.Key4{Protocol: 99}
			ok := got.Parse(frame[:n:n])
			assert.Equal(t, n >= test.need, ok, "%s: %d bytes", test.name, n)
			if ok {
				assert.Equal(t, want, got, test.name)
			} else {
				assert.Zero(t, got, test.name)
			}
		}
	}
	wrong := func(at int, v byte) []byte {
		b := append(ethernet(header.EtherTypeIPv4), packet4(header.ProtocolTCP, 0, 0)...)
		b[at] = v
		return b
	}
	for name, b := range map[string][]byte{"ARP": wrong(13, 6), "IPv6 there": wrong(14, 0x65), "a short header": wrong(14, 0x44), "a header longer than the packet": wrong(14, 0x4f),
		"a length before the ports": wrong(17, 22)} {
		var k acl.Key4
		assert.False(t, k.Parse(b), name)
	}
}

func TestKeysOfIPv6Packets(t *testing.T) {
	tcp, options, fragment := byte(header.ProtocolTCP), byte(header.ProtocolDestination), byte(header.ProtocolFragment)
	for _, test := range []struct {
		name  string
		b     []byte
		p     header.Protocol
		ports bool
		need  int // bytes of the frame
	}{
		{"TCP", packet6(header.ProtocolTCP, nil), header.ProtocolTCP, true, 58},
		{"no ports", packet6(header.ProtocolICMPv6, nil), header.ProtocolICMPv6, false, 54},
		{"options", packet6(header.ProtocolHopByHop, []byte{tcp, 1, 15: 0}), header.ProtocolTCP, true, 74},
		{"the first fragment", packet6(header.ProtocolFragment, []byte{tcp, 0, 0, 1, 7: 0}), header.ProtocolTCP, true, 66},
		{"another fragment", packet6(header.ProtocolFragment, []byte{tcp, 0, 0, 9, 7: 0}), header.ProtocolTCP, false, 62},
		{"options of a first fragment", packet6(header.ProtocolFragment, []byte{options, 0, 0, 1, 8: tcp, 15: 0}), header.ProtocolTCP, true, 74},
		{"options before a fragment", packet6(header.ProtocolDestination, []byte{fragment, 0, 8: tcp, 10: 0, 11: 8, 15: 0}), header.ProtocolTCP, false, 70},
	} {
		var want acl.Key6
		ports := [2]uint16{}
		if test.ports {
			ports = [2]uint16{0x0102, 0x0304}
		}
		require.True(t, want.Set(netip.AddrPortFrom(netip.MustParseAddr("2001:db8::1"), ports[0]),
			netip.AddrPortFrom(netip.MustParseAddr("2001:db8::2"), ports[1]), test.p))
		frame := append(ethernet(header.EtherTypeIPv6), test.b...)
		for n := range len(frame) + 1 {
			got := acl.Key6{Protocol: 99}
			ok := got.Parse(frame[:n:n])
			assert.Equal(t, n >= test.need, ok, "%s: %d bytes", test.name, n)
			if ok {
				assert.Equal(t, want, got, test.name)
			} else {
				assert.Zero(t, got, test.name)
			}
		}
	}
	var k acl.Key6
	assert.False(t, k.Parse(append(ethernet(header.EtherTypeIPv6), packet6(header.ProtocolFragment, []byte{fragment, 0, 0, 1, 8: tcp, 15: 0})...)),
		"a fragment in a fragment")
	short := append(ethernet(header.EtherTypeIPv6), packet6(header.ProtocolTCP, nil)...)
	short[19] = 3
	assert.False(t, k.Parse(short), "a length before the ports")
}

func TestAddressesOfTheOtherFamilyAreNoKeys(t *testing.T) {
	four, six := netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("[2001:db8::1]:1")
	mapped := netip.MustParseAddrPort("[::ffff:10.0.0.1]:1")
	var k4, other acl.Key4
	var k6 acl.Key6
	assert.False(t, k4.Set(four, six, 6))
	assert.False(t, k6.Set(six, four, 6))
	assert.Zero(t, k4)
	assert.Zero(t, k6)
	assert.True(t, k4.Set(mapped, four, 6))
	assert.True(t, other.Set(four, four, 6))
	assert.Equal(t, other, k4)
	assert.True(t, k6.Set(mapped, six, 6))
}

// packets returns n packets of TCP over IPv4.
func packets(t *testing.T, n int) []*mbuf.Mbuf {
	t.Helper()
	pool, err := mbuf.CreatePool(name(), 127, mbuf.PoolConfig{})
	require.NoError(t, err)
	pkts := make([]*mbuf.Mbuf, n)
	require.True(t, pool.AllocBulk(pkts))
	for _, m := range pkts {
		require.True(t, m.AppendBytes(append(ethernet(header.EtherTypeIPv4), packet4(header.ProtocolTCP, 0, 0)...)))
	}
	t.Cleanup(func() {
		mbuf.FreeBulk(pkts)
		require.NoError(t, pool.Free())
	})
	return pkts
}

// A packet of which the ports are in the second segment is left out, whatever is behind the data of the first one.
func TestGatherLeavesOutPacketsWithoutPortsInTheFirstSegment(t *testing.T) {
	pkts := packets(t, 6)
	require.True(t, pkts[1].Trim(7)) // ends before the last byte of the ports, which is still in memory
	pkts[2].Data()[13] = 0x06        // ARP
	tail := pkts[5]
	require.True(t, pkts[3].Trim(7))
	require.NoError(t, pkts[3].Chain(tail))
	pkts[5] = nil
	all := pkts[:5]
	keys, index := make([]acl.Key4, 5), make([]uint16, 5)
	require.Equal(t, 2, acl.Gather4(keys, index, all))
	assert.Equal(t, []uint16{0, 4}, index[:2])
	assert.Equal(t, keys[0], keys[1])
	assert.Equal(t, [2]byte{3, 4}, keys[0].DestinationPort)
	assert.Equal(t, 1, acl.Gather4(keys[:4], index, all), "the last one has no room")
	assert.Equal(t, 1, acl.Gather4(keys, index[:4], all))
	assert.Zero(t, acl.Gather6(make([]acl.Key6, 5), index, all))
}
