package ethdev_test

import (
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// drain frees the packets that wait in a queue, so that its pool is full again.
func drain(q ethdev.RxQueue) (n int) {
	var pkts [32]*mbuf.Mbuf
	for got := q.Burst(pkts[:]); got > 0; got = q.Burst(pkts[:]) {
		mbuf.FreeBulk(pkts[:got])
		n += got
	}
	return n
}

// packets returns n packets of this size.
func packets(t testing.TB, pool *mbuf.Pool, n, bytes int) []*mbuf.Mbuf {
	t.Helper()
	pkts := make([]*mbuf.Mbuf, n)
	require.True(t, pool.AllocBulk(pkts))
	for _, m := range pkts {
		_, ok := m.Append(bytes)
		require.True(t, ok)
	}
	return pkts
}

func TestStatsCountPackets(t *testing.T) {
	pool := newPool(t)
	p := open(t, loop(), ethdev.Config{Pool: pool})
	rx, tx := p.RxQueue(0), p.TxQueue(0)
	check := func(want ethdev.Stats, wantRx, wantTx uint64) {
		t.Helper()
		s, err := p.Stats()
		require.NoError(t, err)
		assert.Equal(t, want, s)
		qr, err := rx.Stats()
		require.NoError(t, err)
		assert.Equal(t, ethdev.QueueStats{Packets: wantRx}, qr)
		qt, err := tx.Stats()
		require.NoError(t, err)
		assert.Equal(t, ethdev.QueueStats{Packets: wantTx}, qt)
	}
	check(ethdev.Stats{}, 0, 0)
	require.Equal(t, 3, tx.Burst(packets(t, pool, 3, 60)))
	check(ethdev.Stats{TxPackets: 3}, 0, 3)
	require.Equal(t, 3, drain(rx))
	check(ethdev.Stats{TxPackets: 3, RxPackets: 3}, 3, 3)
	require.NoError(t, p.ResetStats())
	check(ethdev.Stats{}, 0, 0)
}

// The names of extended statistics are those of DPDK 22.11. Counters of ports have similar names.
func TestQueueCountersAreFoundByTheNamesOfEachDriver(t *testing.T) {
	ethdevs := "rx_good_packets tx_good_packets rx_good_bytes tx_good_bytes rx_missed_errors rx_errors tx_errors rx_mbuf_allocation_errors "
	autofilled := ethdevs + "rx_q0_packets rx_q0_bytes rx_q0_errors rx_q1_packets rx_q1_bytes rx_q1_errors tx_q0_packets tx_q0_bytes tx_q1_packets tx_q1_bytes "
	for _, tc := range []struct {
		drivers, names string
		rx, tx         string // the counters of queue 1
	}{
		{"af_packet af_xdp bnxt dpaa2 e1000 i40e iavf ice ixgbe mlx5 null pcap ring tap vhost", autofilled,
			"rx_q1_packets rx_q1_bytes rx_q1_errors", "tx_q1_packets tx_q1_bytes"},
		{"virtio netvsc", ethdevs + "rx_q0_good_packets rx_q0_good_bytes rx_q0_errors rx_q0_multicast_packets rx_q0_size_64_packets " +
			"rx_q1_good_packets rx_q1_good_bytes rx_q1_errors rx_q1_multicast_packets rx_q1_size_64_packets " +
			"tx_q0_good_packets tx_q0_good_bytes tx_q0_multicast_packets tx_q1_good_packets tx_q1_good_bytes tx_q1_multicast_packets",
			"rx_q1_good_packets rx_q1_good_bytes rx_q1_errors", "tx_q1_good_packets tx_q1_good_bytes"},
		{"vmxnet3", autofilled + "rx_q0_drop_total rx_q0_drop_err rx_q0_drop_fcs rx_q0_rx_buf_alloc_failure rx_q1_drop_total " +
			"tx_q0_drop_total tx_q0_drop_too_many_segs tx_q0_drop_tso tx_q0_tx_ring_full tx_q1_drop_total",
			"rx_q1_packets rx_q1_bytes rx_q1_errors", "tx_q1_packets tx_q1_bytes"},
		{"ena without ethdev's counters", "rx_q0_cnt rx_q0_bytes rx_q0_refill_partial rx_q1_cnt rx_q1_bytes rx_q1_refill_partial tx_q0_cnt tx_q0_bytes tx_q1_cnt tx_q1_bytes tx_q1_doorbells",
			"rx_q1_cnt rx_q1_bytes", "tx_q1_cnt tx_q1_bytes"},
		{"hns3", "rx_q0_packets rx_q0_bytes rx_q0_errors rx_q1_packets rx_q1_bytes rx_q1_errors rx_q1_l3_checksum_errors tx_q1_packets tx_q1_bytes tx_q1_queue_full_cnt",
			"rx_q1_packets rx_q1_bytes rx_q1_errors", "tx_q1_packets tx_q1_bytes"},
		{"cxgbe fm10k", "tx_q1_packets tx_q1_bytes tx_q1_tso_requests rx_q1_packets rx_q1_bytes rx_q1_dropped_packets", "rx_q1_packets rx_q1_bytes", "tx_q1_packets tx_q1_bytes"},
		{"one that counts only errors", ethdevs + "rx_q1_errors tx_q1_errors", "", ""},
		{"one that counts no bytes", ethdevs + "rx_q1_packets tx_q1_good_packets tx_q1_bytes", "", ""},
		{"one that counts other queues", ethdevs + "rx_q10_packets rx_q10_bytes rx_q0_packets rx_q0_bytes", "", ""},
	} {
		t.Run(tc.drivers, func(t *testing.T) {
			names := strings.Fields(tc.names)
			for prefix, want := range map[string]string{"rx_q1_": tc.rx, "tx_q1_": tc.tx} {
				var found []string
				for _, id := range ethdev.CountersOf(names, prefix) {
					found = append(found, names[id])
				}
				assert.Equal(t, want, strings.Join(found, " "))
			}
		})
	}
	// net_ena has counters of its own beside those of ethdev.
	assert.Equal(t, []uint64{0, 1, 2}, ethdev.CountersOf(strings.Fields("rx_q0_packets rx_q0_bytes rx_q0_errors rx_q0_cnt rx_q0_bytes"), "rx_q0_"))
}

func TestQueueStatsCountOnlyTheirQueue(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(",size=100"), ethdev.Config{Pool: pool, RxQueues: 2, TxQueues: 2})
	var pkts [8]*mbuf.Mbuf
	require.Equal(t, 8, p.RxQueue(1).Burst(pkts[:]))
	require.Equal(t, 5, p.TxQueue(0).Burst(pkts[:5]))
	mbuf.FreeBulk(pkts[5:])
	for n, want := range []uint64{0, 8} {
		s, err := p.RxQueue(n).Stats()
		require.NoError(t, err)
		assert.Equal(t, want, s.Packets, "receive queue %d", n)
	}
	for n, want := range []uint64{5, 0} {
		s, err := p.TxQueue(n).Stats()
		require.NoError(t, err)
		assert.Equal(t, want, s.Packets, "transmit queue %d", n)
	}
	_, err := p.RxQueue(2).Stats()
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "rx queue 2 does not exist: the port has 2")
	_, err = ethdev.TxQueue{}.Stats()
	require.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestExtendedStatsAreReadAndReset(t *testing.T) {
	pool := newPool(t)
	p := open(t, loop(), ethdev.Config{Pool: pool})
	x, err := p.XStats()
	require.NoError(t, err)
	require.Equal(t, x.Len(), len(x.Names()))
	tx, ok := x.ID("tx_good_packets")
	require.True(t, ok, x.Names())
	q, ok := x.ID("tx_q0_packets")
	require.True(t, ok, x.Names())
	assert.Equal(t, "tx_q0_packets", x.Name(q))
	_, ok = x.ID("no such")
	assert.False(t, ok)

	require.Equal(t, 7, p.TxQueue(0).Burst(packets(t, pool, 7, 60)))
	values := make([]uint64, x.Len())
	require.NoError(t, x.Read(values))
	assert.EqualValues(t, 7, values[tx])
	assert.EqualValues(t, 7, values[q])
	some := []uint64{99, 99}
	rx, _ := x.ID("rx_good_packets")
	require.NoError(t, x.ReadIDs([]uint64{uint64(q), uint64(rx)}, some))
	assert.Equal(t, []uint64{7, 0}, some)
	require.NoError(t, x.ReadIDs(nil, nil))

	require.NoError(t, x.Reset())
	require.NoError(t, x.Read(values))
	assert.EqualValues(t, 0, values[tx])
	assert.Equal(t, 7, drain(p.RxQueue(0)))

	require.ErrorIs(t, x.Read(values[1:]), dpdk.ErrInvalid)
	require.ErrorIs(t, x.ReadIDs([]uint64{uint64(x.Len())}, some[:1]), dpdk.ErrInvalid)
	require.ErrorIs(t, x.ReadIDs([]uint64{0}, some), dpdk.ErrInvalid)
}

func TestExtendedStatsAreStaleAfterConfigure(t *testing.T) {
	pool := newPool(t)
	// Another 2 queues in all, with as many statistics as before: 3 a receive queue
	// and 2 a transmit queue.
	p := open(t, null(""), ethdev.Config{Pool: pool, RxQueues: 1, TxQueues: 4})
	x, err := p.XStats()
	require.NoError(t, err)
	values := make([]uint64, x.Len())
	require.NoError(t, x.Read(values))
	_, ok := x.ID("tx_q3_packets")
	require.True(t, ok)

	require.NoError(t, p.Stop())
	require.NoError(t, p.Configure(ethdev.Config{Pool: pool, RxQueues: 3, TxQueues: 1}))
	err = x.Read(values)
	require.ErrorIs(t, err, syscall.ESTALE)
	assert.Contains(t, err.Error(), "Refresh")
	require.ErrorIs(t, x.ReadIDs([]uint64{0}, values[:1]), syscall.ESTALE)
	require.NoError(t, x.Refresh())
	_, ok = x.ID("tx_q3_packets")
	assert.False(t, ok)
	_, ok = x.ID("rx_q2_packets")
	assert.True(t, ok)
	assert.Equal(t, len(values), x.Len(), "the test needs an equal number of statistics")
	require.NoError(t, x.Read(values))
}

func TestExtendedStatsOfABusyPortAreReadWithoutAllocation(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(""), ethdev.Config{Pool: pool})
	x, err := p.XStats()
	require.NoError(t, err)
	values := make([]uint64, x.Len())
	ids, some := []uint64{0, 3}, make([]uint64, 2)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		rx, tx := p.RxQueue(0), p.TxQueue(0)
		pkts := make([]*mbuf.Mbuf, 32)
		n := 0
		for {
			_, n = tx.Forward(pkts[:n], rx, pkts)
			select {
			case <-stop:
				mbuf.FreeBulk(pkts[:n])
				return
			default:
				runtime.Gosched()
			}
		}
	}()
	rx, _ := x.ID("rx_good_packets")
	var last uint64
	for last == 0 {
		require.NoError(t, x.Read(values))
		last = values[rx]
		runtime.Gosched()
	}
	before := last
	allocs := testing.AllocsPerRun(1000, func() {
		if x.Read(values) != nil || values[rx] < last {
			panic("a read failed, or packets became fewer")
		}
		last = values[rx]
		if x.ReadIDs(ids, some) != nil {
			panic("a read by id failed")
		}
		runtime.Gosched() // to the poller: there is one P now
	})
	close(stop)
	<-done
	assert.Zero(t, allocs)
	assert.Greater(t, last, before, "the port was not busy")
}

func TestStatsOfADetachedPortReturnErrNoDevice(t *testing.T) {
	p, err := ethdev.Attach(null(""))
	require.NoError(t, err)
	x, err := p.XStats()
	require.NoError(t, err)
	require.NoError(t, p.Detach())
	_, err = p.Stats()
	require.ErrorIs(t, err, dpdk.ErrNoDevice)
	require.ErrorIs(t, p.ResetStats(), dpdk.ErrNoDevice)
	require.ErrorIs(t, x.Read(make([]uint64, x.Len())), dpdk.ErrNoDevice)
	require.ErrorIs(t, x.Refresh(), dpdk.ErrNoDevice)
}
