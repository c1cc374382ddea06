//go:build linux

package guest

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// The NICs C and D have several queues, and the bridge of the host between them.
func TestRSSSpreadsFlowsOverQueues(t *testing.T) {
	if kind != "virtio" {
		t.Skip("the NIC has one queue, or QEMU does not spread")
	}
	const queues, flows, rounds = 4, 64, 4
	start(t, eal.Config{}, "C", "D")
	c, err := ethdev.Lookup(nic("C"))
	require.NoError(t, err)
	info, err := c.Info()
	require.NoError(t, err)
	rss := (ethdev.RSSIPv4 | ethdev.RSSIPv4UDP) & info.RSS // without it the tap spreads, by a hash of its own
	p := open(t, newPool(t, 4095, 0), ethdev.Config{RxQueues: queues, TxQueues: queues, RSS: rss}, "C", "D")
	dst, err := p.a.MAC()
	require.NoError(t, err)
	src, err := p.b.MAC()
	require.NoError(t, err)
	var counts [queues]int
	queueOf := map[uint16]int{}
	for range rounds {
		for flow := range flows {
			m := packet(t, p.pool, sign(datagram(dst, src, uint16(1000+flow), 100)))
			for pkts := []*mbuf.Mbuf{m}; len(pkts) > 0; {
				pkts = pkts[p.b.TxQueue(flow%queues).Burst(pkts):]
			}
		}
		for start, left := time.Now(), flows; left > 0; runtime.Gosched() {
			require.Less(t, time.Since(start), patience, "%d datagrams are missing", left)
			for q := range queues {
				var pkts [32]*mbuf.Mbuf
				n := p.a.RxQueue(q).Burst(pkts[:])
				for _, m := range pkts[:n] {
					f := m.Data()
					if binary.BigEndian.Uint16(f[12:]) != ipType || f[l2+9] != 17 || binary.BigEndian.Uint16(f[l2+l3+2:]) != 7 {
						continue
					}
					left--
					counts[q]++
					flow := binary.BigEndian.Uint16(f[l2+l3:])
					if at, known := queueOf[flow]; known && rss != 0 {
						assert.Equal(t, at, q, "flow %d has moved", flow)
					}
					queueOf[flow] = q
				}
				mbuf.FreeBulk(pkts[:n])
			}
		}
	}
	t.Logf("RSS %v, datagrams of each queue: %v", rss, counts)
	for q, n := range counts {
		assert.Greater(t, n, flows*rounds/queues/4, "queue %d", q)
	}
}
