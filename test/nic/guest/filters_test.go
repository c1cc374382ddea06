//go:build linux

package guest

import (
	"encoding/binary"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// last is the number of the frame behind those of a test.
const last = 1 << 20

// passed sends packets from a to b, and then a frame to the address of b. It returns the packets of the type that came before
// that. The caller frees them.
func (p *pair) passed(t testing.TB, etherType uint16, pkts ...*mbuf.Mbuf) (came []*mbuf.Mbuf) {
	t.Helper()
	own, err := p.b.MAC()
	require.NoError(t, err)
	pkts = append(pkts, packet(t, p.pool, frame(own, own, last, 60)))
	for start := time.Now(); len(pkts) > 0; {
		pkts = pkts[p.a.TxQueue(0).Burst(pkts):]
		require.Less(t, time.Since(start), patience, "the port does not send")
	}
	for start := time.Now(); ; runtime.Gosched() {
		require.Less(t, time.Since(start), patience, "a frame to %v does not come", own)
		var in [32]*mbuf.Mbuf
		for _, m := range in[:p.b.RxQueue(0).Burst(in[:])] {
			switch {
			case ours(m) && binary.BigEndian.Uint32(m.Data()[atNumber:]) == last:
				m.Free()
				return came
			case binary.BigEndian.Uint16(m.Data()[12:]) == etherType:
				came = append(came, m)
			default:
				m.Free() // not of this test
			}
		}
	}
}

// passes reports whether frames to this address arrive.
func (p *pair) passes(t testing.TB, dst net.HardwareAddr) bool {
	t.Helper()
	src, err := p.a.MAC()
	require.NoError(t, err)
	var pkts []*mbuf.Mbuf
	for n := range 3 {
		pkts = append(pkts, packet(t, p.pool, frame(dst, src, n, 60)))
	}
	came := p.passed(t, etherType, pkts...)
	mbuf.FreeBulk(came)
	require.Contains(t, []int{0, 3}, len(came), "frames to %v", dst)
	return len(came) > 0
}

func TestAddressesAreFiltered(t *testing.T) {
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 4095, 0), ethdev.Config{}, "A", "B")
	own, err := p.b.MAC()
	require.NoError(t, err)
	other, third := net.HardwareAddr{2, 0, 0, 0, 0, 0x55}, net.HardwareAddr{2, 0, 0, 0, 0, 0x66}
	broadcast, group := net.HardwareAddr{255, 255, 255, 255, 255, 255}, net.HardwareAddr{1, 0, 0x5e, 1, 2, 3}
	assert.True(t, p.passes(t, own))
	assert.True(t, p.passes(t, broadcast))
	assert.False(t, p.passes(t, other))
	assert.False(t, p.passes(t, group))

	require.NoError(t, p.b.SetPromiscuous(true))
	assert.True(t, p.passes(t, other), "promiscuous")
	require.NoError(t, p.b.SetPromiscuous(false))
	assert.False(t, p.passes(t, other), "no longer promiscuous")

	require.NoError(t, p.b.SetAllMulticast(true))
	assert.True(t, p.passes(t, group), "all multicast")
	require.NoError(t, p.b.SetAllMulticast(false))
	assert.False(t, p.passes(t, group), "no longer all multicast")

	require.NoError(t, p.b.SetMAC(other))
	assert.True(t, p.passes(t, other), "the new address")
	assert.False(t, p.passes(t, own), "the old address")
	require.NoError(t, p.b.SetMAC(own))

	switch err := p.b.AddMAC(third); kind {
	case "vmxnet3":
		assert.ErrorIs(t, err, dpdk.ErrUnsupported)
	default:
		require.NoError(t, err)
		assert.True(t, p.passes(t, third), "the added address")
		assert.True(t, p.passes(t, own))
		assert.False(t, p.passes(t, other))
		require.NoError(t, p.b.RemoveMAC(third))
		assert.False(t, p.passes(t, third), "the removed address")
	}
}

// vlanType is the type of a frame with a VLAN tag, which follows it.
const vlanType = 0x8100

// tagged sends frames with the tag of a VLAN, which the port inserts, and returns those of the type that come.
func (p *pair) tagged(t testing.TB, vlan, etherType uint16) []*mbuf.Mbuf {
	t.Helper()
	var pkts []*mbuf.Mbuf
	for _, f := range frames(t, p.a, p.b, 3, standard) {
		m := packet(t, p.pool, f)
		m.SetVLAN(vlan)
		m.SetFlags(m.Flags() | mbuf.TxVLAN)
		pkts = append(pkts, m)
	}
	good, err := p.a.TxQueue(0).Prepare(pkts)
	require.NoError(t, err)
	require.Equal(t, len(pkts), good)
	return p.passed(t, etherType, pkts...)
}

func TestVLANTags(t *testing.T) {
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 4095, 0), ethdev.Config{}, "A", "B")
	// e1000e inserts tags only in a port that also strips them. virtio drops all tagged frames without a filter.
	sender := ethdev.Config{TxOffloads: ethdev.TxVLANInsert, RxOffloads: ethdev.RxVLANStrip}
	want := frames(t, p.a, p.b, 3, standard)

	p.reopen(t, sender, ethdev.Config{RxOffloads: ethdev.RxVLANFilter})
	require.NoError(t, p.b.SetVLANFilter(100, true))
	came := p.tagged(t, 100, vlanType)
	require.Len(t, came, 3)
	for i, m := range came {
		data := contents(m)
		require.Len(t, data, len(want[i])+4)
		assert.Equal(t, want[i][:12], data[:12])
		assert.Equal(t, []byte{vlanType >> 8, vlanType & 255, 0, 100}, data[12:16])
		assert.Equal(t, want[i][12:], data[16:])
	}
	mbuf.FreeBulk(came)
	assert.Empty(t, p.tagged(t, 200, vlanType), "frames of a VLAN outside the filter")

	p.reopen(t, sender, ethdev.Config{RxOffloads: ethdev.RxVLANFilter | ethdev.RxVLANStrip})
	require.NoError(t, p.b.SetVLANFilter(200, true))
	came = p.tagged(t, 200, etherType)
	require.Len(t, came, 3)
	for i, m := range came {
		assert.Equal(t, want[i], contents(m))
		assert.EqualValues(t, 200, m.VLAN())
		assert.NotZero(t, m.Flags()&mbuf.RxVLANStripped)
	}
	mbuf.FreeBulk(came)
	require.NoError(t, p.b.SetVLANFilter(200, false))
	assert.Empty(t, p.tagged(t, 200, etherType), "frames of a VLAN that the filter no longer has")
}
