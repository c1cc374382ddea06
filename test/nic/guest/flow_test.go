//go:build linux

package guest

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/wire"
)

// tap is a port on a TAP interface. DPDK's driver has the kernel classify the packets that the interface sends.
type tap struct {
	port    *ethdev.Port
	sockets []*net.UDPConn
	round   uint32
}

const (
	tapQueues  = 4
	tapSockets = 32 // flows for each destination
)

// newTap returns a port on a TAP with sockets of the kernel, which send to 10.7.0.2 and 10.7.0.3 through it.
func newTap(t *testing.T) *tap {
	t.Helper()
	start(t, eal.Config{NoPCI: true})
	const iface = "flow0"
	p := &tap{}
	port, err := ethdev.Open("net_tap0,iface="+iface, ethdev.Config{Pool: newPool(t, 8191, 0), RxQueues: tapQueues, TxQueues: tapQueues})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, port.Detach()) })
	here, err := wire.Here()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, here.Close()) })
	require.NoError(t, here.Quiet(iface))
	require.NoError(t, here.Address(iface, "10.7.0.1/24"))
	for _, ip := range []string{"10.7.0.2", "10.7.0.3"} {
		require.NoError(t, here.Neighbour(iface, net.ParseIP(ip), net.HardwareAddr{2, 0, 0, 0, 0, 7}))
	}
	for range tapSockets {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(10, 7, 0, 1)})
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		p.sockets = append(p.sockets, c)
	}
	p.port = port
	return p
}

// arrivals is the number of datagrams to a destination that each queue has received.
type arrivals map[string][tapQueues]int

func (a arrivals) total(destination string) (n int) {
	for _, q := range a[destination] {
		n += q
	}
	return n
}

// exchange sends a datagram from each socket to each destination, and receives until as many have come as are not dropped. The last ones sent
// are never dropped.
func (p *tap) exchange(t *testing.T, drops int, destinations ...string) arrivals {
	t.Helper()
	p.round++
	for _, d := range destinations {
		to := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(d))
		for _, c := range p.sockets {
			_, err := c.WriteTo(binary.BigEndian.AppendUint32(nil, p.round), to)
			require.NoError(t, err)
		}
	}
	got, left := arrivals{}, (len(destinations)-drops)*tapSockets
	for start, empty := time.Now(), 0; left > 0 || empty < 1000; runtime.Gosched() {
		require.Less(t, time.Since(start), patience, "%d datagrams are missing: %v", left, got)
		empty++
		for q := range tapQueues {
			var pkts [32]*mbuf.Mbuf
			n := p.port.RxQueue(q).Burst(pkts[:])
			for _, m := range pkts[:n] {
				f := m.Data()
				if len(f) < l2+l3+l4+4 || binary.BigEndian.Uint16(f[12:]) != ipType || f[l2+9] != 17 {
					continue
				}
				require.Equal(t, p.round, binary.BigEndian.Uint32(f[l2+l3+l4:]), "a datagram that was thought dropped")
				to := netip.AddrPortFrom(netip.AddrFrom4([4]byte(f[l2+16:])), binary.BigEndian.Uint16(f[l2+l3+2:])).String()
				queues := got[to]
				queues[q]++
				got[to] = queues
				left, empty = left-1, 0
			}
			mbuf.FreeBulk(pkts[:n])
		}
	}
	assert.Zero(t, left, "more than the rules let through: %v", got)
	return got
}

// Rules that this process creates decide which queue receives the packets of real sockets, and which packets are dropped.
func TestFlowRulesClassifyPackets(t *testing.T) {
	p := newTap(t)
	const one, three, dropped, two, free = "10.7.0.2:9001", "10.7.0.2:9003", "10.7.0.2:9009", "10.7.0.3:9001", "10.7.0.2:9000"
	all := []string{one, three, dropped, two, free}
	only := func(queue int) (q [tapQueues]int) {
		q[queue] = tapSockets
		return q
	}
	spread := func(got arrivals, to, when string) {
		t.Helper()
		assert.Equal(t, tapSockets, got.total(to), "%s %s", to, when)
		for q := range tapQueues {
			assert.NotEqual(t, only(q), got[to], "%s is in one queue %s", to, when)
		}
	}
	before := p.exchange(t, 0, all...)
	for _, to := range all {
		spread(before, to, "before there are rules")
	}

	rules := map[string]flow.Rule{}
	flows := map[string]*flow.Flow{}
	for to, text := range map[string]string{
		one:     "priority 2 ingress pattern eth / ipv4 / udp dst is 9001 / end actions queue index 1 / end",
		three:   "priority 3 ingress pattern eth / ipv4 / udp dst is 9003 / end actions queue index 3 / end",
		dropped: "priority 4 ingress pattern eth / ipv4 / udp dst is 9009 / end actions drop / end",
		two:     "priority 1 ingress pattern eth / ipv4 dst is 10.7.0.3 / end actions queue index 2 / end", // before that of 9001
	} {
		var err error
		rules[to], err = flow.Parse(text)
		require.NoError(t, err)
		require.NoError(t, flow.Validate(p.port, rules[to]), text)
		flows[to], err = flow.Create(p.port, rules[to])
		require.NoError(t, err, text)
	}
	got := p.exchange(t, 1, all...)
	t.Log("with rules:", fmt.Sprint(got))
	assert.Equal(t, only(1), got[one])
	assert.Equal(t, only(2), got[two])
	assert.Equal(t, only(3), got[three])
	assert.Zero(t, got.total(dropped))
	spread(got, free, "without a rule")

	require.NoError(t, flows[dropped].Destroy())
	require.NoError(t, flows[two].Destroy())
	got = p.exchange(t, 0, all...)
	assert.Equal(t, tapSockets, got.total(dropped), "after its rule was destroyed")
	assert.Equal(t, only(1), got[two], "the rule for its port applies now")
	assert.Equal(t, only(3), got[three])

	require.NoError(t, flow.Flush(p.port))
	got = p.exchange(t, 0, all...)
	for _, to := range all {
		assert.Equal(t, before[to], got[to], "after Flush")
	}
}
