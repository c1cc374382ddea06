package header_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/header"
)

// commonPackets returns the packets that have a straight path in Parse.
func commonPackets() (frames [][]byte) {
	for _, tag := range [][]byte{nil, {0x81, 0, 0, 1}} {
		for _, p := range []header.Protocol{header.ProtocolTCP, header.ProtocolUDP} {
			four, six := make([]byte, header.IPv4MinLen), make([]byte, header.IPv6Len)
			four[0], four[9] = 0x45, byte(p)
			six[0], six[6] = 0x60, byte(p)
			l4 := make([]byte, 32)
			if l4[12] = 6 << 4; p == header.ProtocolUDP { // data that is valid in each tunnel
				l4 = make([]byte, 200)
				l4[8], l4[10] = 0x28, 1
			}
			frames = append(frames, slices.Concat(make([]byte, 12), tag, []byte{8, 0}, four, l4), slices.Concat(make([]byte, 12), tag, []byte{0x86, 0xdd}, six, l4))
		}
	}
	return frames
}

// requireSame compares Parse with the parser of packets in chunks, which has no straight path.
func requireSame(t *testing.T, frame []byte) {
	want := header.ParseChunks(frame, func(int) header.Chunk { return header.Chunk{} })
	got := header.Headers{Type: ^header.PacketType(0), L2Len: 1, L3Len: 1, L4Len: 1, TunnelLen: 1, InnerL2Len: 1, InnerL3Len: 1, InnerL4Len: 1}
	got.Parse(frame)
	if got != want || header.Parse(frame) != want { // require is slow
		require.Equal(t, want, got, "%x", frame)
		require.Equal(t, want, header.Parse(frame), "%x", frame)
	}
}

func TestCommonPacketsHaveTheHeadersOfTheGeneralParser(t *testing.T) {
	for _, frame := range commonPackets() {
		h := header.Parse(frame)
		require.NotZero(t, h.L4Len, "%x", frame)
		for n := range frame {
			requireSame(t, frame[:n:n])
		}
		for i, before := range frame {
			for v := range 256 {
				frame[i] = byte(v)
				requireSame(t, frame)
			}
			frame[i] = before
		}
		for port := range 1 << 16 {
			binary.BigEndian.PutUint16(frame[h.L4()+2:], uint16(port))
			requireSame(t, frame)
		}
	}
}
