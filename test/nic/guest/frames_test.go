//go:build linux

package guest

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// standard is the largest frame of an MTU of 1500, without its frame check sequence.
const standard = 1514

func TestFramesBothWays(t *testing.T) {
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 4095, 0), ethdev.Config{}, "A", "B")
	assert.False(t, bypassesCgo(p.a.RxQueue(0)), "a process that shares its memory uses cgo")
	require.NoError(t, p.a.ResetStats())
	require.NoError(t, p.b.ResetStats())
	const count = 400
	p.both(t, count, standard)
	bytes := 0
	for _, f := range frames(t, p.a, p.b, count, standard) {
		bytes += len(f)
	}
	for _, port := range []*ethdev.Port{p.a, p.b} {
		counts(t, port, count, uint64(bytes))
	}
}

// counts checks the statistics of a port that has received and sent as many frames and bytes.
func counts(t *testing.T, port *ethdev.Port, count, bytes uint64) {
	i, err := port.Info()
	require.NoError(t, err)
	e1000 := i.Driver == "net_e1000_em" || i.Driver == "net_e1000_igb"
	in := bytes
	if e1000 {
		in += 4 * count // QEMU's counts the frame check sequence of received frames
	}
	s, err := port.Stats()
	require.NoError(t, err)
	assert.Equal(t, ethdev.Stats{RxPackets: count, RxBytes: in, TxPackets: count, TxBytes: bytes}, s)

	x, err := port.XStats()
	require.NoError(t, err)
	values := make([]uint64, x.Len())
	require.NoError(t, x.Read(values))
	for name, want := range map[string]uint64{"rx_good_packets": count, "tx_good_packets": count, "rx_good_bytes": in, "tx_good_bytes": bytes} {
		id, ok := x.ID(name)
		if assert.True(t, ok, name) {
			assert.Equal(t, want, values[id], name)
		}
	}

	rx, rxErr := port.RxQueue(0).Stats()
	tx, txErr := port.TxQueue(0).Stats()
	if e1000 {
		assert.ErrorIs(t, rxErr, dpdk.ErrUnsupported)
		assert.ErrorIs(t, txErr, dpdk.ErrUnsupported)
		return
	}
	assert.NoError(t, rxErr)
	assert.NoError(t, txErr)
	want := ethdev.QueueStats{Packets: count, Bytes: bytes}
	assert.Equal(t, want, rx)
	assert.Equal(t, want, tx)
}

// bypassesCgo reports whether bursts of the queue are fast calls.
func bypassesCgo(rx ethdev.RxQueue) bool {
	const bursts = 100
	var pkts [8]*mbuf.Mbuf
	before := runtime.NumCgoCall()
	for range bursts {
		mbuf.FreeBulk(pkts[:rx.Burst(pkts[:])])
	}
	return runtime.NumCgoCall()-before < bursts
}

func TestFramesByFastCalls(t *testing.T) {
	// The bursts of net_virtio have 8 bytes for each of their 256 descriptors on the stack.
	start(t, eal.Config{InMemory: true, FastDrivers: []string{"net_virtio"}}, "A", "B")
	p := open(t, newPool(t, 4095, 0), ethdev.Config{}, "A", "B")
	assert.True(t, bypassesCgo(p.a.RxQueue(0)))
	p.both(t, 400, standard)
}

func TestJumboFrames(t *testing.T) {
	const mtu, size = 9000, 9014
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 2600, 9216+mbuf.DefaultHeadroom), ethdev.Config{MTU: mtu}, "A", "B")
	exchange(t, p.pool, p.a.TxQueue(0), p.b.RxQueue(0), jumbos, frames(t, p.a, p.b, 100, size))

	i, err := p.a.Info()
	require.NoError(t, err)
	require.NoError(t, p.a.Stop())
	cfg, changed := ethdev.Config{Pool: p.pool, MTU: 65000, RxOffloads: ethdev.RxScatter}.Clamp(i)
	assert.Contains(t, changed, ethdev.Clamped{Field: "MTU", Asked: 65000, Is: i.MaxMTU})
	assert.NoError(t, p.a.Configure(cfg), "MTU %d", cfg.MTU)
	cfg.MTU++
	assert.ErrorContains(t, p.a.Configure(cfg), "use Config.Clamp")
}

func TestJumboFramesInChains(t *testing.T) {
	if kind == "vmxnet3" {
		t.Skip("the vmxnet3 of QEMU receives no frames into several buffers")
	}
	const mtu, size = 9000, 9014
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 4095, 0), ethdev.Config{MTU: mtu, RxOffloads: ethdev.RxScatter, TxOffloads: ethdev.TxMultiSegment}, "A", "B")
	for _, port := range []*ethdev.Port{p.a, p.b} {
		got, err := port.MTU()
		require.NoError(t, err)
		assert.Equal(t, mtu, got)
	}
	most := 0
	segments := func(m *mbuf.Mbuf) { most = max(most, m.NumSegments()) }
	exchange(t, p.pool, p.a.TxQueue(0), p.b.RxQueue(0), jumbos, frames(t, p.a, p.b, 100, size), segments)
	exchange(t, p.pool, p.b.TxQueue(0), p.a.RxQueue(0), jumbos, frames(t, p.b, p.a, 100, size), segments)
	assert.Equal(t, 5, most, "segments of 2,048 bytes in a frame of %d", size)
}
