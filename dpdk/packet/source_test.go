package packet_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/packet"
	"github.com/godpdk/godpdk/dpdk/ring"
)

var (
	_ gopacket.ZeroCopyPacketDataSource = (*packet.Source)(nil)
	_ gopacket.PacketDataSource         = (*packet.Source)(nil)
	_ gopacket.SerializeBuffer          = (*packet.Buffer)(nil)
)

// source returns a Source that is closed at the test's end.
func source(t testing.TB, ctx context.Context, rx packet.Burster, cfg packet.SourceConfig) *packet.Source {
	t.Helper()
	s, err := packet.NewSource(ctx, rx, cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// filled returns a ring with these packets.
func filled(t testing.TB, pkts ...*mbuf.Mbuf) *ring.Ring[*mbuf.Mbuf] {
	t.Helper()
	r := newRing(t, 256)
	require.Equal(t, len(pkts), r.EnqueueBulk(pkts))
	return r
}

func TestPacketsArriveUnchanged(t *testing.T) {
	for _, cfg := range []packet.SourceConfig{{}, {Burst: 1}, {Burst: 7}, {Burst: 4096}} {
		t.Run(fmt.Sprint("burst ", cfg.Burst), func(t *testing.T) {
			pool := newPool(t, 2047, mbuf.PoolConfig{})
			p := loopback(t, pool)
			sink, err := packet.NewSink(p.TxQueue(0), pool, packet.SinkConfig{Burst: 16})
			require.NoError(t, err)
			want := known(t)
			start := time.Now()
			for _, data := range want {
				require.NoError(t, sink.WritePacketData(data))
			}
			require.NoError(t, sink.Flush())
			if cfg.Burst == 7 {
				cfg.Cache = newCache(t, pool)
			}
			s := source(t, context.Background(), p.RxQueue(0), cfg)
			for n, data := range want {
				read := s.ZeroCopyReadPacketData
				if n%2 == 1 {
					read = s.ReadPacketData
				}
				got, ci, err := read()
				require.NoError(t, err)
				require.Equal(t, data, got)
				require.Equal(t, len(data), ci.Length)
				require.Equal(t, len(data), ci.CaptureLength)
				require.Equal(t, p.ID(), ci.InterfaceIndex)
				require.WithinRange(t, ci.Timestamp, start, time.Now())
			}
		})
	}
}

func TestPcapFileThroughAPort(t *testing.T) {
	t.Chdir(t.TempDir()) // newer releases attach no device with devargs of more than 127 bytes
	in, out := "in.pcap", "out.pcap"
	want := append(known(t), serialized(t, fix, udp(bytes.Repeat([]byte("long"), 1500))...)) // five mbufs
	f, err := os.Create(in)
	require.NoError(t, err)
	w := pcapgo.NewWriter(f)
	require.NoError(t, w.WriteFileHeader(1<<16, layers.LinkTypeEthernet))
	first := time.Unix(1_000_000_000, 123_456_000)
	for n, data := range want {
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{Timestamp: first.Add(time.Duration(n) * time.Second), CaptureLength: len(data), Length: len(data)}, data))
	}
	require.NoError(t, f.Close())

	pool := newPool(t, 255, mbuf.PoolConfig{DataRoom: 1600 + mbuf.DefaultHeadroom})
	p, err := ethdev.Open(fmt.Sprintf("net_pcap%d,rx_pcap=%s,tx_pcap=%s", number(), in, out), ethdev.Config{Pool: pool, RxOffloads: scatter(t, pool)})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s := source(t, ctx, p.RxQueue(0), packet.SourceConfig{Clock: func(us uint64) time.Time { return time.UnixMicro(int64(us)) }})
	for n, data := range want {
		got, ci, err := s.ZeroCopyReadPacketData()
		require.NoError(t, err)
		require.Equal(t, data, got)
		if stamped(t, s.Mbuf()) {
			require.True(t, first.Add(time.Duration(n)*time.Second).Equal(ci.Timestamp), "%d: %v", n, ci.Timestamp)
		}
		m := s.Take()
		require.Nil(t, s.Mbuf())
		require.Equal(t, 1, p.TxQueue(0).Burst([]*mbuf.Mbuf{m}))
	}
	time.AfterFunc(time.Millisecond, cancel)
	_, _, err = s.ReadPacketData()
	assert.Equal(t, io.EOF, err, "the port is idle at the file's end, and the context ends the wait")
	require.NoError(t, p.Detach())

	f, err = os.Open(out)
	require.NoError(t, err)
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	require.NoError(t, err)
	for _, data := range want {
		got, _, err := r.ReadPacketData()
		require.NoError(t, err)
		require.Equal(t, data, got)
	}
	_, _, err = r.ReadPacketData()
	assert.Equal(t, io.EOF, err)
}

// scatter returns the offload with which net_pcap receives packets of several segments, if this
// DPDK has it.
func scatter(t testing.TB, pool *mbuf.Pool) ethdev.RxOffload {
	p, err := ethdev.Attach(fmt.Sprintf("net_pcap%d,iface=lo", number()))
	require.NoError(t, err)
	i, err := p.Info()
	require.NoError(t, err)
	require.NoError(t, p.Detach())
	return i.Rx.Offloads & ethdev.RxScatter
}

// stamped reports whether the port has stamped m with the time of the file, in microseconds as
// in DPDK 22.11.
func stamped(t testing.TB, m *mbuf.Mbuf) bool {
	stamp, err := mbuf.RxTimestamp()
	require.NoError(t, err)
	v, ok := stamp.Get(m)
	if strings.Contains(dpdk.Version(), "22.11") {
		require.True(t, ok)
	}
	return ok && v < 1e17
}

func TestBytesStayInTheMbufUntilTheNextRead(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{})
	r := filled(t, alloc(t, pool, "first packet"), alloc(t, pool, "second"))
	ctx, cancel := context.WithCancel(context.Background())
	s := source(t, ctx, packet.BurstFunc(r.DequeueBurst), packet.SourceConfig{Burst: 1})
	assert.Nil(t, s.Mbuf())
	data, _, err := s.ZeroCopyReadPacketData()
	require.NoError(t, err)
	s.Mbuf().Data()[0] = 'F'
	assert.Equal(t, "First packet", string(data))
	assert.Equal(t, len(data), cap(data), "an append must not write into the mbuf")
	assert.Equal(t, 13, pool.Available())

	own, _, err := s.ReadPacketData()
	require.NoError(t, err)
	assert.Equal(t, 14, pool.Available(), "the first is free")
	s.Mbuf().Data()[0] = 'S'
	assert.Equal(t, "second", string(own))
	cancel()
	_, _, err = s.ReadPacketData()
	assert.Equal(t, io.EOF, err)
	assert.True(t, pool.Full(), "a Source at its end holds no packet")
	assert.Nil(t, s.Mbuf())
	assert.Equal(t, "second", string(own))
}

func TestCloseFreesUnreadPackets(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{})
	r := filled(t, alloc(t, pool, "one"), alloc(t, pool, "two"), alloc(t, pool, "three"))
	s := source(t, context.Background(), packet.BurstFunc(r.DequeueBurst), packet.SourceConfig{})
	_, _, err := s.ZeroCopyReadPacketData()
	require.NoError(t, err)
	m := s.Take()
	assert.Nil(t, s.Take())
	s.Close()
	assert.Equal(t, 14, pool.Available())
	assert.Equal(t, "one", string(m.Data()), "the caller of Take owns it")
	m.Free()
	for range 2 {
		_, _, err = s.ZeroCopyReadPacketData()
		assert.Equal(t, io.EOF, err)
	}
	assert.NoError(t, s.Err())
	s.Close()
}

func TestPacketOfSeveralSegmentsIsReadAsOne(t *testing.T) {
	pool := newPool(t, 63, mbuf.PoolConfig{})
	long := strings.Repeat("0123456789", 100)
	r := filled(t, alloc(t, pool, "one", "", "two", "three"), alloc(t, pool, long, long, long), alloc(t, pool, "single"), alloc(t, pool, "", "behind"))
	for _, snap := range []int{0, 5, 1} {
		t.Run(fmt.Sprint("SnapLen ", snap), func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			s := source(t, ctx, packet.BurstFunc(r.DequeueBurst), packet.SourceConfig{SnapLen: snap})
			for _, want := range []string{"onetwothree", long + long + long, "single", "behind"} {
				data, ci, err := s.ZeroCopyReadPacketData()
				require.NoError(t, err)
				part := want
				if snap > 0 {
					part = want[:snap]
				}
				assert.Equal(t, part, string(data))
				if s.Mbuf().Contiguous() {
					assert.Equal(t, len(part), cap(data), "an append must not write into the mbuf")
				}
				assert.Equal(t, len(part), ci.CaptureLength)
				assert.Equal(t, len(want), ci.Length)
				assert.Equal(t, mbuf.InvalidPort, ci.InterfaceIndex, "no port received it")
				require.Equal(t, 1, r.EnqueueBulk([]*mbuf.Mbuf{s.Take()}))
				cancel() // all are in the Source by now: it receives no more
			}
			_, _, err := s.ZeroCopyReadPacketData()
			assert.Equal(t, io.EOF, err)
		})
	}
	pkts := make([]*mbuf.Mbuf, 4)
	require.Equal(t, 4, r.DequeueBulk(pkts))
	mbuf.FreeBulk(pkts)
}

func TestDamagedPacketIsAnErrorAndTheNextIsRead(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{})
	bad, good := alloc(t, pool, "short"), alloc(t, pool, "good")
	*(*uint32)(unsafe.Add(unsafe.Pointer(bad), cgo.MbufPktLen)) = 100
	r := filled(t, bad, good)
	s := source(t, context.Background(), packet.BurstFunc(r.DequeueBurst), packet.SourceConfig{})
	_, _, err := s.ReadPacketData()
	assert.ErrorIs(t, err, dpdk.ErrBadMessage)
	data, _, err := s.ReadPacketData()
	require.NoError(t, err)
	assert.Equal(t, "good", string(data))
}

func TestContextEndsAWaitingRead(t *testing.T) {
	pool := newPool(t, 255, mbuf.PoolConfig{})
	p := loopback(t, pool)
	for name, rx := range map[string]packet.Burster{
		"port": p.RxQueue(0),
		"ring": packet.BurstFunc(newRing(t, 16).DequeueBurst),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			s := source(t, ctx, rx, packet.SourceConfig{})
			polled := make(chan error)
			go func() {
				_, _, err := s.ReadPacketData()
				polled <- err
			}()
			cancel()
			assert.Equal(t, io.EOF, <-polled)
			assert.NoError(t, s.Err())
		})
	}
}

func TestStoppedPortEndsASource(t *testing.T) {
	pool := newPool(t, 255, mbuf.PoolConfig{})
	p := loopback(t, pool)
	require.Equal(t, 1, p.TxQueue(0).Burst([]*mbuf.Mbuf{alloc(t, pool, string(serialized(t, fix, udp(nil)...)))}))
	s := source(t, context.Background(), p.RxQueue(0), packet.SourceConfig{})
	packets := gopacket.NewPacketSource(s, layers.LayerTypeEthernet).Packets()
	assert.NotNil(t, (<-packets).Layer(layers.LayerTypeUDP))
	require.NoError(t, p.Stop())
	_, more := <-packets
	assert.False(t, more, "the channel is closed")
	assert.ErrorIs(t, s.Err(), dpdk.ErrNetDown)
	_, _, err := s.ReadPacketData()
	assert.Equal(t, io.EOF, err)

	_, err = packet.NewSource(context.Background(), p.RxQueue(0), packet.SourceConfig{})
	assert.ErrorIs(t, err, dpdk.ErrNetDown)
	require.NoError(t, p.Start())
	source(t, context.Background(), p.RxQueue(0), packet.SourceConfig{})
}

func TestClockConvertsStamps(t *testing.T) {
	pool := newPool(t, 15, mbuf.PoolConfig{})
	stamp, err := mbuf.RxTimestamp()
	require.NoError(t, err)
	with, without := alloc(t, pool, "with"), alloc(t, pool, "without")
	stamp.Set(with, 1e18+7)
	with.SetPort(3)
	r := filled(t, with, without)
	start := time.Now()
	s := source(t, context.Background(), packet.BurstFunc(r.DequeueBurst), packet.SourceConfig{
		Clock: func(ns uint64) time.Time { return time.Unix(0, int64(ns)) }})
	_, ci, err := s.ReadPacketData()
	require.NoError(t, err)
	assert.True(t, time.Unix(1e9, 7).Equal(ci.Timestamp), ci.Timestamp)
	assert.Equal(t, 3, ci.InterfaceIndex)
	_, ci, err = s.ReadPacketData()
	require.NoError(t, err)
	assert.WithinRange(t, ci.Timestamp, start, time.Now())
}

func TestSourceAndSinkRefuseInvalidArguments(t *testing.T) {
	pool := newPool(t, 255, mbuf.PoolConfig{})
	p := loopback(t, pool)
	idle := packet.BurstFunc(func([]*mbuf.Mbuf) int { return 0 })
	ctx := context.Background()
	sourceOf := func(rx packet.Burster, cfg packet.SourceConfig) error {
		_, err := packet.NewSource(ctx, rx, cfg)
		return err
	}
	sinkOf := func(tx packet.Burster, alloc mbuf.Allocator, burst int) error {
		_, err := packet.NewSink(tx, alloc, packet.SinkConfig{Burst: burst})
		return err
	}
	for name, err := range map[string]error{
		"source of nil":              sourceOf(nil, packet.SourceConfig{}),
		"source of a nil function":   sourceOf(packet.BurstFunc(nil), packet.SourceConfig{}),
		"source of a zero queue":     sourceOf(ethdev.RxQueue{}, packet.SourceConfig{}),
		"source of a transmit queue": sourceOf(p.TxQueue(0), packet.SourceConfig{}),
		"source of no such queue":    sourceOf(p.RxQueue(9), packet.SourceConfig{}),
		"negative burst":             sourceOf(idle, packet.SourceConfig{Burst: -1}),
		"huge burst":                 sourceOf(idle, packet.SourceConfig{Burst: 1 << 16}),
		"negative SnapLen":           sourceOf(idle, packet.SourceConfig{SnapLen: -1}),
		"sink of nil":                sinkOf(nil, pool, 0),
		"sink of a nil function":     sinkOf(packet.BurstFunc(nil), pool, 0),
		"sink of a zero queue":       sinkOf(ethdev.TxQueue{}, pool, 0),
		"sink of a receive queue":    sinkOf(p.RxQueue(0), pool, 0),
		"sink without a pool":        sinkOf(idle, nil, 0),
		"sink of no such queue":      sinkOf(p.TxQueue(9), pool, 0),
		"sink, negative burst":       sinkOf(idle, pool, -1),
	} {
		assert.ErrorIs(t, err, dpdk.ErrInvalid, name)
	}
}

// A Source cannot know whether mbufs will be freed later, so it returns the error and continues.
func TestReadFromAPortWithAnEmptyPoolReturnsErrNoBuffers(t *testing.T) {
	pool := newPool(t, 63, mbuf.PoolConfig{})
	p := open(t, fmt.Sprint("net_null", number()), ethdev.Config{Pool: pool})
	taken := make([]*mbuf.Mbuf, 63)
	require.True(t, pool.AllocBulk(taken))
	s := source(t, t.Context(), p.RxQueue(0), packet.SourceConfig{})
	_, _, err := s.ZeroCopyReadPacketData()
	require.ErrorIs(t, err, dpdk.ErrNoBuffers)
	require.NoError(t, s.Err())
	mbuf.FreeBulk(taken)
	_, _, err = s.ZeroCopyReadPacketData()
	require.NoError(t, err)
	s.Close()
}
