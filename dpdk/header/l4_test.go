package header_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/header"
)

// unfinish writes what Linux leaves for the network card into the checksum field of the innermost L4
// header. It reports false for other packets.
func unfinish(frame []byte, h header.Headers) bool {
	l3, l4, t := h.L3(), h.L4(), h.Type&header.L4Mask
	v4 := h.Type.IsIPv4()
	if h.Type.IsTunnel() {
		l3, l4, t = h.InnerL3(), h.InnerL4(), h.Type&header.InnerL4Mask>>16
		v4 = h.Type&header.InnerL3Mask == header.InnerL3IPv4 || h.Type&header.InnerL3Mask == header.InnerL3IPv4Ext
	}
	field := frame[l4:]
	var p header.Protocol
	switch t {
	case header.L4TCP:
		p, field = header.ProtocolTCP, field[16:18]
	case header.L4UDP:
		p, field = header.ProtocolUDP, field[6:8]
	case header.L4SCTP:
		clear(field[8:12])
		return true
	default:
		return false
	}
	var sum uint16
	if v4 {
		sum = header.IPv4(frame[l3:]).PseudoChecksum()
	} else {
		ip := header.IPv6(frame[l3:])
		sum = ip.PseudoChecksum(p, header.IPv6Len+int(ip.PayloadLen())-(l4-l3))
	}
	binary.BigEndian.PutUint16(field, sum)
	return true
}

func TestCompleteChecksumRestoresWhatTheSenderWouldHaveWritten(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(11, 12))}
	completed := map[header.PacketType]int{}
	for range 6000 {
		frame := g.packet(t)
		h := header.Parse(frame)
		want := bytes.Clone(frame)
		require.NotEqual(t, header.ChecksumPartial, h.CompleteChecksum(frame))
		require.Equal(t, want, frame, "a finished packet changes")
		if !unfinish(frame, h) || bytes.Equal(want, frame) {
			continue
		}
		require.Equal(t, header.ChecksumPartial, h.VerifyChecksum(frame), h.Type)
		require.Equal(t, header.ChecksumPartial, h.CompleteChecksum(frame))
		require.Equal(t, want, frame, h.Type)
		require.Equal(t, header.ChecksumGood, h.VerifyChecksum(frame))
		completed[h.Type&(header.L4Mask|header.InnerL4Mask)]++

		damaged := bytes.Clone(frame)
		d, ok := h.Digest(damaged, len(damaged), h.Type.IsTunnel())
		require.True(t, ok)
		damaged[d.Start+g.IntN(4)] ^= 1 << g.IntN(8)
		before := bytes.Clone(damaged)
		require.Equal(t, header.ChecksumBad, h.CompleteChecksum(damaged), "%v\n%x", h.Type, damaged)
		require.Equal(t, before, damaged, "a damaged packet changes")
	}
	assert.Greater(t, len(completed), 8)
}

func TestCompleteChecksumOfTheOuterUDPHeaderOfATunnel(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(13, 14))}
	n := 0
	for range 2000 {
		frame := g.packet(t)
		h := header.Parse(frame)
		if h.Type&header.TunnelMask != header.TunnelVXLAN {
			continue
		}
		want := bytes.Clone(frame)
		outer := h
		outer.Type &= header.L2Mask | header.L3Mask | header.L4Mask
		unfinish(frame, h)
		unfinish(frame, outer)
		h.CompleteChecksum(frame)
		require.Equal(t, want, frame)
		n++
	}
	assert.NotZero(t, n)
}

func TestChecksumStates(t *testing.T) {
	ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: []byte{10, 0, 0, 1}, DstIP: []byte{10, 0, 0, 2}}
	g := generator{rand.New(rand.NewPCG(15, 16))}
	frame := serialize(t, append(stack{g.eth(layers.EthernetTypeIPv4), ip}, g.transport(layers.IPProtocolUDP, ip)...)...)
	for name, test := range map[string]struct {
		change func(b []byte) []byte
		want   header.ChecksumState
	}{
		"as it is":                   {func(b []byte) []byte { return b }, header.ChecksumGood},
		"padding behind it":          {func(b []byte) []byte { return append(b, 1, 2, 3) }, header.ChecksumGood},
		"no UDP checksum":            {func(b []byte) []byte { b[40], b[41] = 0, 0; return b }, header.ChecksumNone},
		"a wrong one":                {func(b []byte) []byte { b[40] ^= 1; return b }, header.ChecksumBad},
		"a shorter frame":            {func(b []byte) []byte { return b[:len(b)-1] }, header.ChecksumNone},
		"a fragment":                 {func(b []byte) []byte { b[20] = 0x20; return b }, header.ChecksumNone},
		"a UDP length beyond IP":     {func(b []byte) []byte { b[38]++; return b }, header.ChecksumNone},
		"a UDP length of 7":          {func(b []byte) []byte { b[38], b[39] = 0, 7; return b }, header.ChecksumNone},
		"an IP length of its header": {func(b []byte) []byte { b[16], b[17] = 0, 20; return b }, header.ChecksumNone},
		"an ARP packet":              {func(b []byte) []byte { b[13] = 6; return b }, header.ChecksumNone},
	} {
		t.Run(name, func(t *testing.T) {
			b := test.change(bytes.Clone(frame))
			h := header.Parse(b)
			assert.Equal(t, test.want, h.VerifyChecksum(b))
		})
	}
	assert.Equal(t, "none good partial bad", header.ChecksumNone.String()+" "+header.ChecksumGood.String()+" "+header.ChecksumPartial.String()+" "+header.ChecksumBad.String())
}

// A routing header with segments left has the final destination, which the checksum is of.
func TestChecksumWithSegmentsLeftIsUnknown(t *testing.T) {
	ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolIPv6Routing, SrcIP: make([]byte, 16), DstIP: make([]byte, 16)}
	g := generator{rand.New(rand.NewPCG(17, 18))}
	frame := serialize(t, append(stack{g.eth(layers.EthernetTypeIPv6), ip, payload(17, 0, 0, 0, 0, 0, 0, 0)}, g.transport(layers.IPProtocolUDP, ip)...)...)
	h := header.Parse(frame)
	assert.Equal(t, header.ChecksumGood, h.VerifyChecksum(frame))
	frame[14+40+3] = 1
	assert.Equal(t, header.ChecksumNone, h.VerifyChecksum(frame))
}

// The parts of a packet may have any lengths.
func TestDigestOfParts(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(19, 20))}
	for range 3000 {
		frame := g.packet(t)
		h := header.Parse(frame)
		inner := g.IntN(2) == 0 && h.Type.IsTunnel()
		d, ok := h.Digest(frame, len(frame), inner)
		if !ok {
			continue
		}
		for off := d.Start; off < d.End; {
			n := min(d.End-off, g.IntN(20))
			d.Write(frame[off : off+n])
			off += n
		}
		require.Equal(t, header.ChecksumGood, d.State())
		want := bytes.Clone(frame)
		d.Put(frame[d.Start+d.Field:])
		require.Equal(t, want, frame)
	}
}

func TestNoAllocations(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(21, 22))}
	var frames [][]byte
	for range 300 {
		frames = append(frames, g.packet(t))
	}
	i := 0
	assert.Zero(t, testing.AllocsPerRun(len(frames), func() {
		b := frames[i%len(frames)]
		i++
		h := header.Parse(b)
		h.CompleteChecksum(b)
		c := header.ParseChunks(b[:20], func(off int) (c header.Chunk) {
			if off < len(b) {
				c.Len = copy(c.Bytes[:], b[off:])
			}
			return c
		})
		if c != h {
			panic("another result")
		}
		e, rest, _ := header.ParseEthernet(b)
		e.Swap()
		if ip, payload, ok := header.ParseIPv4(rest); ok {
			ip.SetSource(ip.Destination())
			ip.DecrementTTL()
			ip.L4Checksum(payload)
		}
		if ip, payload, ok := header.ParseIPv6(rest); ok {
			ip.SetSource(ip.Destination())
			ip.L4Checksum(ip.NextHeader(), payload)
		}
	}))
}

// Whatever the bytes are, nothing panics, no header ends behind the packet, and a completed checksum
// is right.
func FuzzParse(f *testing.F) {
	g := generator{rand.New(rand.NewPCG(23, 24))}
	for range 30 {
		f.Add(g.packet(f), uint16(g.Uint32()))
	}
	f.Fuzz(func(t *testing.T, b []byte, cut uint16) {
		h := header.Parse(b)
		if h.Len() > len(b) {
			t.Fatalf("headers of %d bytes in %d", h.Len(), len(b))
		}
		first := int(cut) % (len(b) + 1)
		if c := header.ParseChunks(b[:first], func(off int) (c header.Chunk) {
			if off < len(b) {
				c.Len = copy(c.Bytes[:], b[off:])
			}
			return c
		}); c != h {
			t.Fatalf("%v in chunks, %v in one", c, h)
		}
		before := h.VerifyChecksum(b)
		if got := h.CompleteChecksum(b); got != before {
			t.Fatalf("%v, and then %v", before, got)
		}
		after := h.VerifyChecksum(b)
		if before == header.ChecksumPartial && after != header.ChecksumGood || before == header.ChecksumGood && after != before {
			t.Fatalf("%v became %v", before, after)
		}
		if ip, rest, ok := header.ParseIPv4(b); ok {
			_ = ip.Options()
			_, _, _ = header.ParseUDP(rest)
			if tcp, _, ok := header.ParseTCP(rest); ok {
				_ = tcp.Options()
			}
			_, _, _ = header.ParseGRE(rest)
			if geneve, _, ok := header.ParseGeneve(rest); ok {
				_ = geneve.Options()
			}
		}
		if ip, rest, ok := header.ParseIPv6(b); ok {
			_, _, _, _ = header.SkipExtensions(ip.NextHeader(), rest)
		}
		_, _ = header.ParseARP(b)
	})
}

func FuzzRawChecksum(f *testing.F) {
	f.Add([]byte("some bytes"), uint8(3))
	f.Add(bytes.Repeat([]byte{0xff}, 300), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, off uint8) {
		b = b[min(int(off), len(b)):]
		if got, want := header.RawChecksum(b), slow(b); got != want {
			t.Fatalf("%#x, not %#x", got, want)
		}
	})
}
