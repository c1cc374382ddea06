//go:build !godpdk_debug && !race

package packet_test

import (
	"context"
	"testing"

	"github.com/google/gopacket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/packet"
)

func TestReadAndDecodeDoNotAllocate(t *testing.T) {
	pool := newPool(t, 1023, mbuf.PoolConfig{})
	frame := serialized(t, fix, udp(make([]byte, 100))...)
	segments := []string{string(frame[:20]), string(frame[20:50]), string(frame[50:])}
	port := loopback(t, pool)
	for name, test := range map[string]struct {
		m     *mbuf.Mbuf
		rx    packet.Burster
		tx    func([]*mbuf.Mbuf) int
		cache *mbuf.Cache
	}{
		"a port":                           {m: alloc(t, pool, string(frame)), rx: port.RxQueue(0), tx: port.TxQueue(0).Burst},
		"a port, freeing into a cache":     {m: alloc(t, pool, string(frame)), rx: port.RxQueue(0), tx: port.TxQueue(0).Burst, cache: newCache(t, pool)},
		"a ring, packets of some segments": {m: alloc(t, pool, segments...)},
	} {
		t.Run(name, func(t *testing.T) {
			if test.rx == nil {
				r := newRing(t, 256)
				test.rx, test.tx = packet.BurstFunc(r.DequeueBurst), r.EnqueueBurst
			}
			s := source(t, context.Background(), test.rx, packet.SourceConfig{Cache: test.cache})
			d := newDecoder()
			// Every packet is the same mbuf: each read drops one of its references.
			pkts := make([]*mbuf.Mbuf, 32)
			for i := range pkts {
				pkts[i] = test.m
			}
			hold := func() {
				for seg := range test.m.Segments() {
					_, err := seg.AddRefcount(len(pkts))
					require.NoError(t, err)
				}
				require.Equal(t, len(pkts), test.tx(pkts))
			}
			read := func() {
				for range pkts {
					data, ci, err := s.ZeroCopyReadPacketData()
					if err != nil || ci.Length != len(frame) || d.DecodeLayers(data, &d.decoded) != nil || len(d.decoded) != 4 {
						t.Error("not decoded", err, ci, d.decoded)
					}
				}
			}
			hold()
			read()
			assert.Zero(t, testing.AllocsPerRun(100, func() { hold(); read() }))
			s.Close()
			test.m.Free()
		})
	}
}

func TestSerializeDoesNotAllocate(t *testing.T) {
	pool := newPool(t, 255, mbuf.PoolConfig{})
	cache := newCache(t, pool)
	l := udp(make([]byte, 100))
	sink, err := packet.NewSink(&drain{cache}, cache, packet.SinkConfig{})
	require.NoError(t, err)
	b := new(packet.Buffer)
	data := serialized(t, fix, l...)
	for name, f := range map[string]func() error{
		"Serialize": func() error {
			m, _ := cache.Alloc()
			defer cache.Free(m)
			return packet.Serialize(m, fix, l[0], l[1], l[2], l[3])
		},
		"Buffer": func() error {
			m, _ := cache.Alloc()
			defer cache.Free(m)
			if err := b.Reset(m); err != nil {
				return err
			}
			return gopacket.SerializeLayers(b, fix, l...)
		},
		"Buffer.Serialize": func() error {
			m, _ := cache.Alloc()
			defer cache.Free(m)
			return b.Serialize(m, fix, l[0], l[1], l[2], l[3])
		},
		"WriteLayers":     func() error { return sink.WriteLayers(fix, l[0], l[1], l[2], l[3]) },
		"WritePacketData": func() error { return sink.WritePacketData(data) },
	} {
		assert.Zero(t, testing.AllocsPerRun(200, func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		}), name)
	}
	require.NoError(t, sink.Close())
}

// drain frees the packets that it gets.
type drain struct{ cache *mbuf.Cache }

func (d *drain) Burst(pkts []*mbuf.Mbuf) int {
	d.cache.FreeBulk(pkts)
	return len(pkts)
}
