package packet_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/gopacket"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/packet"
)

// BenchmarkDecode reads a packet and decodes Ethernet, IPv4, UDP and the payload: from the mbuf,
// from a copy, and, as the baseline without DPDK, from one slice.
func BenchmarkDecode(b *testing.B) {
	for _, size := range []int{100, 1400} {
		pool := newPool(b, 255, mbuf.PoolConfig{})
		all := make([]*mbuf.Mbuf, 255)
		frame := serialized(b, fix, udp(make([]byte, size))...)
		require.True(b, pool.AllocBulk(all))
		for _, m := range all {
			m.AppendBytes(frame)
		}
		mbuf.FreeBulk(all)
		cache := newCache(b, pool)
		endless := packet.BurstFunc(func(pkts []*mbuf.Mbuf) int {
			if !cache.AllocBulk(pkts) {
				return 0
			}
			for _, m := range pkts { // the bytes in the buffers stay
				m.Append(len(frame))
			}
			return len(pkts)
		})
		s := source(b, context.Background(), endless, packet.SourceConfig{Cache: cache})
		d := newDecoder()
		for name, read := range map[string]func() ([]byte, gopacket.CaptureInfo, error){
			"mbuf":  s.ZeroCopyReadPacketData,
			"copy":  s.ReadPacketData,
			"slice": func() ([]byte, gopacket.CaptureInfo, error) { return frame, gopacket.CaptureInfo{}, nil },
		} {
			b.Run(fmt.Sprintf("%s/%d", name, len(frame)), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					data, _, err := read()
					if err != nil || d.DecodeLayers(data, &d.decoded) != nil {
						b.Fatal("not decoded")
					}
				}
			})
		}
		s.Close()
	}
}

// BenchmarkSerialize makes a packet in an mbuf, allocated and freed each time: directly, with a
// Buffer that is kept, and by a copy from gopacket's own buffer.
func BenchmarkSerialize(b *testing.B) {
	for _, size := range []int{100, 1400} {
		for _, opts := range []gopacket.SerializeOptions{{FixLengths: true}, fix} {
			cache := newCache(b, newPool(b, 1023, mbuf.PoolConfig{}))
			l := udp(make([]byte, size))
			var kept packet.Buffer
			own := gopacket.NewSerializeBuffer()
			for name, write := range map[string]func(*mbuf.Mbuf) error{
				"mbuf": func(m *mbuf.Mbuf) error { return packet.Serialize(m, opts, l...) },
				"kept": func(m *mbuf.Mbuf) error { return kept.Serialize(m, opts, l...) },
				"copy": func(m *mbuf.Mbuf) error {
					err := gopacket.SerializeLayers(own, opts, l...)
					m.AppendBytes(own.Bytes())
					return err
				},
			} {
				b.Run(fmt.Sprintf("%s/%d/checksums=%v", name, size+42, opts.ComputeChecksums), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						m, _ := cache.Alloc()
						if err := write(m); err != nil {
							b.Fatal(err)
						}
						cache.Free(m)
					}
				})
			}
		}
	}
}
