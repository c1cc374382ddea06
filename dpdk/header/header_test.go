package header_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/header"
)

// slow is the definition of the checksum.
func slow(b []byte) uint16 {
	s := uint32(0)
	for i := 0; i < len(b); i += 2 {
		w := uint32(b[i]) << 8
		if i+1 < len(b) {
			w |= uint32(b[i+1])
		}
		s += w
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

func TestRawChecksumOfAllLengthsAndAlignments(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	random := make([]byte, 3000)
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	for name, b := range map[string][]byte{"random": random, "ones": bytes.Repeat([]byte{0xff}, 3000), "zeros": make([]byte, 3000)} {
		for n := range 600 {
			for off := range 9 {
				if got, want := header.RawChecksum(b[off:off+n]), slow(b[off:off+n]); got != want {
					require.Equal(t, want, got, "%s: %d bytes at %d", name, n, off)
				}
			}
		}
	}
	for _, n := range []int{1499, 1500, 2999, 3000} {
		assert.Equal(t, slow(random[:n]), header.RawChecksum(random[:n]))
	}
	assert.Zero(t, header.RawChecksum(nil))
}

func TestRawChecksumOfLargeBuffers(t *testing.T) {
	for _, fill := range []byte{0xff, 0x80, 0x7f, 1} {
		b := bytes.Repeat([]byte{fill}, 300_001)
		for _, n := range []int{65535, 65536, 65537, 65536 + 30, 2 * 65536, 65536*2 + 127, 300_001} {
			assert.Equal(t, slow(b[:n]), header.RawChecksum(b[:n]), "%d bytes of %#x", n, fill)
		}
	}
}

func TestCombineChecksums(t *testing.T) {
	b := []byte("some bytes of an odd length, in two parts")
	for n := range b {
		assert.Equal(t, header.RawChecksum(b), header.CombineChecksums(header.RawChecksum(b[:n]), n, header.RawChecksum(b[n:])), n)
	}
}

// An update gives the checksum that a computation gives, for all values of a word.
func TestUpdateEqualsComputation(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	b := make([]byte, 64)
	for range 100_000 {
		for i := range b {
			b[i] = byte(rng.Uint32()) * byte(rng.IntN(2))
		}
		b[0] = 1 // a packet is never all zeros
		sum := header.Checksum(b)
		at := 2 + 2*rng.IntN(15)
		before := bytes.Clone(b)
		size := []int{2, 4, 16}[rng.IntN(3)]
		for i := range size {
			b[at+i] = byte(rng.Uint32()) * byte(rng.IntN(2))
		}
		var got uint16
		switch size {
		case 2:
			got = header.UpdateChecksum16(sum, binary.BigEndian.Uint16(before[at:]), binary.BigEndian.Uint16(b[at:]))
		case 4:
			got = header.UpdateChecksum32(sum, binary.BigEndian.Uint32(before[at:]), binary.BigEndian.Uint32(b[at:]))
		case 16:
			got = header.UpdateChecksumBytes(sum, before[at:at+16], b[at:at+16])
		}
		require.Equal(t, header.Checksum(b), got)
	}
}

// RFC 1624, section 4.
func TestUpdateExampleOfTheRFC(t *testing.T) {
	assert.EqualValues(t, 0x0000, header.UpdateChecksum16(0xdd2f, 0x5555, 0x3285))
}

func TestPseudoChecksum(t *testing.T) {
	ip := make(header.IPv4, 20)
	ip.Init(8)
	ip.SetProtocol(header.ProtocolUDP)
	a, b := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("192.168.255.254")
	ip.SetSource(a)
	ip.SetDestination(b)
	assert.Equal(t, ip.PseudoChecksum(), header.PseudoChecksum(a, b, header.ProtocolUDP, 8))
	assert.Equal(t, slow([]byte{10, 1, 2, 3, 192, 168, 255, 254, 0, 17, 0, 8}), ip.PseudoChecksum())

	six := make(header.IPv6, 40)
	six.Init(70_000 & 0xffff)
	c, d := netip.MustParseAddr("fe80::1:ffff"), netip.MustParseAddr("2001:db8::8000")
	six.SetSource(c)
	six.SetDestination(d)
	assert.Equal(t, six.PseudoChecksum(header.ProtocolTCP, 70_000), header.PseudoChecksum(c, d, header.ProtocolTCP, 70_000))
	want := slow(append(bytes.Clone(six[8:40]), 0, 1, 0x11, 0x70, 0, 0, 0, 6))
	assert.Equal(t, want, six.PseudoChecksum(header.ProtocolTCP, 70_000))
}

func TestSCTPChecksum(t *testing.T) {
	b := []byte("\x00\x01\x00\x02\x00\x00\x00\x03????some chunks")
	want := bytes.Clone(b)
	copy(want[8:12], "\x00\x00\x00\x00")
	binary.LittleEndian.PutUint32(want[8:], crc32.Checksum(want, crc32.MakeTable(crc32.Castagnoli)))
	header.SCTP(b).SetChecksum(header.SCTPChecksum(b))
	assert.Equal(t, want, b)
}
