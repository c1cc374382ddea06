package packet_test

import (
	"testing"

	"github.com/google/gopacket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/packet"
)

// gate takes the number of packets in open.
type gate struct {
	open  int
	pkts  []string
	calls int
	err   error
}

func (g *gate) Burst(pkts []*mbuf.Mbuf) int {
	g.calls++
	n := min(g.open, len(pkts))
	for _, m := range pkts[:n] {
		g.pkts = append(g.pkts, string(m.Data()))
		m.Free()
	}
	g.open -= n
	return n
}

func (g *gate) Err() error { return g.err }

func TestSinkSendsBursts(t *testing.T) {
	pool := newPool(t, 255, mbuf.PoolConfig{})
	g := &gate{open: 100}
	s, err := packet.NewSink(g, newCache(t, pool), packet.SinkConfig{Burst: 3})
	require.NoError(t, err)
	require.NoError(t, s.Flush(), "nothing")
	assert.Zero(t, g.calls)
	for _, data := range []string{"a", "bb", "ccc", "d"} {
		require.NoError(t, s.WritePacketData([]byte(data)))
	}
	assert.Equal(t, []string{"a", "bb", "ccc"}, g.pkts)
	assert.Equal(t, 1, g.calls)
	require.NoError(t, s.Flush())
	require.NoError(t, s.WriteLayers(fix, udp([]byte("layers"))...))
	require.NoError(t, s.Close())
	assert.Equal(t, []string{"a", "bb", "ccc", "d", string(serialized(t, fix, udp([]byte("layers"))...))}, g.pkts)
	assert.Equal(t, packet.SinkStats{Packets: 5, Bytes: 7 + 60}, s.Stats())
}

func TestSinkKeepsPacketsWhileTheQueueIsFull(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{})
	g := &gate{open: 1}
	s, err := packet.NewSink(g, pool, packet.SinkConfig{Burst: 2})
	require.NoError(t, err)
	write := func(data string) error { return s.WritePacketData([]byte(data)) }
	require.NoError(t, write("1"))
	require.NoError(t, write("22"), "one is sent")
	require.NoError(t, write("333"))
	assert.ErrorIs(t, write("4"), dpdk.ErrAgain)
	assert.ErrorIs(t, s.Flush(), dpdk.ErrAgain)
	g.err = dpdk.ErrNetDown
	assert.ErrorIs(t, write("4"), dpdk.ErrNetDown)
	g.err = nil
	assert.Equal(t, packet.SinkStats{Packets: 1, Bytes: 1, Refused: 2}, s.Stats())
	g.open = 1
	require.NoError(t, write("4444"), "it has room again")
	g.open = 1
	assert.ErrorIs(t, s.Close(), dpdk.ErrAgain)
	assert.Equal(t, []string{"1", "22", "333"}, g.pkts, "in order")
	assert.Equal(t, packet.SinkStats{Packets: 3, Bytes: 6, Refused: 2, Dropped: 1}, s.Stats())
	assert.True(t, pool.Full())
	require.NoError(t, s.Close())
}

func TestSinkRefusesInvalidAndTooLargePackets(t *testing.T) {
	pool := newPool(t, 3, mbuf.PoolConfig{DataRoom: mbuf.DefaultHeadroom + 100})
	g := &gate{}
	s, err := packet.NewSink(g, pool, packet.SinkConfig{})
	require.NoError(t, err)
	assert.ErrorIs(t, s.WritePacketData(nil), dpdk.ErrInvalid)
	assert.ErrorIs(t, s.WritePacketData(make([]byte, 101)), dpdk.ErrMessageSize)
	assert.ErrorIs(t, s.WritePacketData(make([]byte, 1<<16+20)), dpdk.ErrMessageSize)
	assert.ErrorIs(t, s.WriteLayers(fix, udp(make([]byte, 300))...), dpdk.ErrMessageSize)
	assert.ErrorIs(t, s.WriteLayers(gopacket.SerializeOptions{}, nil), dpdk.ErrInvalid)
	assert.True(t, pool.Full(), "a refused packet holds no mbuf")
	for range 3 {
		require.NoError(t, s.WritePacketData(make([]byte, 100)))
	}
	assert.ErrorIs(t, s.WritePacketData([]byte("one more")), mbuf.ErrNoMbufs)
	assert.Equal(t, packet.SinkStats{Refused: 6}, s.Stats())
	g.open = 3
	require.NoError(t, s.Close())
}

func TestSinkOfAStoppedPortReturnsErrNetDown(t *testing.T) {
	pool := newPool(t, 255, mbuf.PoolConfig{})
	p := loopback(t, pool)
	s, err := packet.NewSink(p.TxQueue(0), pool, packet.SinkConfig{})
	require.NoError(t, err)
	require.NoError(t, s.WritePacketData(make([]byte, 60)))
	require.NoError(t, p.Stop())
	assert.ErrorIs(t, s.Flush(), dpdk.ErrNetDown)
	assert.ErrorIs(t, s.Close(), dpdk.ErrNetDown)
	assert.Equal(t, packet.SinkStats{Dropped: 1}, s.Stats())
	_, err = packet.NewSink(p.TxQueue(0), pool, packet.SinkConfig{})
	assert.ErrorIs(t, err, dpdk.ErrNetDown)
}
