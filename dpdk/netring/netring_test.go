package netring_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// The port receives the packets that were enqueued to its rings, and sends packets to its rings.
func TestQueuesUseRings(t *testing.T) {
	pool := newPool(t)
	rx, tx := newRings(t, 2), newRings(t, 3)
	p, err := netring.Open(netring.Config{Rx: rx, Tx: tx}, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	assert.Equal(t, 2, p.Config().RxQueues)
	assert.Equal(t, 3, p.Config().TxQueues)
	for q, r := range rx {
		assert.Equal(t, 10, r.EnqueueBurst(numbered(t, pool, 100*q, 10)))
	}
	for q := range rx {
		assert.Equal(t, count(100*q, 10), receive(p.RxQueue(q)), q)
	}
	for q, r := range tx {
		pkts := numbered(t, pool, 100*q, 80)
		sent := p.TxQueue(q).Burst(pkts)
		assert.Equal(t, 63, sent, "as many as the ring holds")
		got := make([]*mbuf.Mbuf, 80)
		assert.Equal(t, 63, r.DequeueBurst(got))
		assert.Equal(t, pkts[:63], got[:63])
		mbuf.FreeBulk(pkts)
	}

	// Detach leaves the rings and their packets to the user.
	left := numbered(t, pool, 7, 3)
	require.Equal(t, 3, rx[0].EnqueueBurst(left))
	require.NoError(t, p.Detach())
	assert.Equal(t, 3, rx[0].Len())
	assert.Equal(t, 3, rx[0].DequeueBurst(make([]*mbuf.Mbuf, 8)))
	mbuf.FreeBulk(left)
	noPorts(t)
}

// DPDK's test of this driver does the same: it configures fewer queues than before.
func TestConfigureWithFewerQueues(t *testing.T) {
	pool := newPool(t)
	rx, tx := newRings(t, 1), newRings(t, 2)
	p, err := netring.Open(netring.Config{Rx: rx, Tx: tx}, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	defer func() { assert.NoError(t, p.Detach()) }()
	require.NoError(t, p.Stop())
	require.NoError(t, p.Configure(ethdev.Config{Pool: pool, RxQueues: 1, TxQueues: 1}))
	require.NoError(t, p.Start())
	pkts := numbered(t, pool, 0, 1)
	assert.Equal(t, 0, p.TxQueue(1).Burst(pkts))
	require.ErrorIs(t, p.TxQueue(1).Err(), dpdk.ErrInvalid)
	assert.Equal(t, 1, p.TxQueue(0).Burst(pkts))
	assert.Equal(t, 1, tx[0].DequeueBurst(make([]*mbuf.Mbuf, 2)))
	mbuf.FreeBulk(pkts)
	require.ErrorIs(t, p.Configure(ethdev.Config{Pool: pool}), dpdk.ErrBusy)
	require.NoError(t, p.Stop())
	require.ErrorIs(t, p.Configure(ethdev.Config{Pool: pool, TxQueues: 3}), dpdk.ErrInvalid)
}

func TestOpenRefusesBadConfigs(t *testing.T) {
	pool := newPool(t)
	r := newRings(t, 1)
	freed, err := ring.Create[*mbuf.Mbuf]("freed", 64, ring.Config{})
	require.NoError(t, err)
	require.NoError(t, freed.Free())
	many := make([]*ring.Ring[*mbuf.Mbuf], netring.MaxQueues+1)
	for i := range many {
		many[i] = r[0]
	}
	taken, err := netring.Open(netring.Config{Name: "net_ring_taken", Rx: r, Tx: r}, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	for _, tc := range []struct {
		name string
		c    netring.Config
		cfg  ethdev.Config
		want error
		text string
	}{
		{"no ring to receive from", netring.Config{Tx: r}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid, "Rx is empty"},
		{"no ring to send to", netring.Config{Rx: r}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid, "Tx is empty"},
		{"a nil ring", netring.Config{Rx: []*ring.Ring[*mbuf.Mbuf]{r[0], nil}}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid, "Rx[1]"},
		{"a freed ring", netring.Config{Rx: r, Tx: []*ring.Ring[*mbuf.Mbuf]{freed}}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid, "Tx[0]"},
		{"too many to receive from", netring.Config{Rx: many}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid, "at most"},
		{"too many to send to", netring.Config{Rx: r, Tx: many}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid, "at most"},
		{"another driver's name", netring.Config{Name: "net_null0", Rx: r, Tx: r}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid, "net_ring_"},
		{"half a name", netring.Config{Name: "net_ring_", Rx: r, Tx: r}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid, "net_ring_"},
		{"a name too long", netring.Config{Name: "net_ring_" + strings.Repeat("x", netring.MaxName-8), Rx: r, Tx: r}, ethdev.Config{Pool: pool}, dpdk.ErrNameTooLong, fmt.Sprint("at most ", netring.MaxName)},
		{"a name with a comma", netring.Config{Name: "net_ring_a,b", Rx: r, Tx: r}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid, "devargs"},
		{"a name that is taken", netring.Config{Name: "net_ring_taken", Rx: r, Tx: r}, ethdev.Config{Pool: pool}, dpdk.ErrExist, "a port has that name"},
		{"a socket", netring.Config{Rx: r, Tx: r, Socket: dpdk.Socket(-2)}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid, "socket"},
		{"no pool", netring.Config{Rx: r, Tx: r}, ethdev.Config{}, dpdk.ErrInvalid, "Pool"},
		{"more queues than rings", netring.Config{Rx: r, Tx: r}, ethdev.Config{Pool: pool, RxQueues: 2}, dpdk.ErrInvalid, "RxQueues is 2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := netring.Open(tc.c, tc.cfg)
			require.ErrorIs(t, err, tc.want)
			assert.Contains(t, err.Error(), tc.text)
			assert.Nil(t, p)
		})
	}
	assert.True(t, taken.Started())
	require.NoError(t, taken.Detach())
	noPorts(t)
}

func TestAttachAcceptsTheLongestName(t *testing.T) {
	r := newRings(t, 1)
	name := "net_ring_" + strings.Repeat("x", netring.MaxName-9)
	p, err := netring.Attach(netring.Config{Name: name, Rx: r, Tx: r})
	require.NoError(t, err)
	assert.Equal(t, name, p.Name())
	require.NoError(t, p.Detach())
}

func TestLoopbackReceivesWhatItSends(t *testing.T) {
	pool := newPool(t)
	for _, sync := range []ring.Sync{ring.Multi, ring.Single, ring.RTS, ring.HTS} {
		t.Run(fmt.Sprint(sync), func(t *testing.T) {
			c, err := netring.Loopback(netring.CableConfig{Queues: 2, Size: 32, Sync: sync}, ethdev.Config{Pool: pool})
			require.NoError(t, err)
			assert.Same(t, c.A, c.B)
			for q := range 2 {
				pkts := numbered(t, pool, 100*q, 40)
				sent := c.A.TxQueue(q).Burst(pkts)
				assert.Equal(t, 31, sent)
				mbuf.FreeBulk(pkts[sent:])
			}
			for q := range 2 {
				assert.Equal(t, count(100*q, 31), receive(c.A.RxQueue(q)), q)
			}
			assert.Equal(t, 9, c.A.TxQueue(1).Burst(numbered(t, pool, 0, 9)), "Close frees these packets")
			require.NoError(t, c.Close())
			require.NoError(t, c.Close(), "a second time")
			noPorts(t)
		})
	}
}

func TestPairReceivesWhatTheOtherSends(t *testing.T) {
	pool := newPool(t)
	c, err := netring.Pair(netring.CableConfig{Name: "net_ring_x", Queues: 2}, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	assert.Equal(t, "net_ring_xa", c.A.Name())
	assert.Equal(t, "net_ring_xb", c.B.Name())
	for q := range 2 {
		assert.Equal(t, 20, c.A.TxQueue(q).Burst(numbered(t, pool, 1000*q, 20)))
		assert.Equal(t, 30, c.B.TxQueue(q).Burst(numbered(t, pool, 1000*q+500, 30)))
	}
	for q := range 2 {
		assert.Equal(t, count(1000*q, 20), receive(c.B.RxQueue(q)), q)
		assert.Equal(t, count(1000*q+500, 30), receive(c.A.RxQueue(q)), q)
	}
	assert.Equal(t, 8, c.A.TxQueue(0).Burst(numbered(t, pool, 0, 8)))
	require.NoError(t, c.A.Detach(), "the user may detach one of them")
	require.NoError(t, c.Close())
	noPorts(t)
}

func TestFailedPairLeavesNoRingAndNoPort(t *testing.T) {
	pool := newPool(t)
	before, err := ring.List()
	require.NoError(t, err)
	other, err := ring.Create[*mbuf.Mbuf]("net_ring_y-3", 64, ring.Config{}) // the name of the last ring of the cable
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		c    netring.CableConfig
		cfg  ethdev.Config
		want error
	}{
		"no pool":          {netring.CableConfig{}, ethdev.Config{}, dpdk.ErrInvalid},
		"a size":           {netring.CableConfig{Size: 100}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid},
		"queues":           {netring.CableConfig{Queues: 17}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid},
		"negative queues":  {netring.CableConfig{Queues: -1}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid},
		"an existing ring": {netring.CableConfig{Name: "net_ring_y", Queues: 2}, ethdev.Config{Pool: pool}, dpdk.ErrExist},
		"another name":     {netring.CableConfig{Name: "cable"}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid},
	} {
		_, err := netring.Pair(tc.c, tc.cfg)
		require.ErrorIs(t, err, tc.want, name)
	}
	require.NoError(t, other.Free())
	after, err := ring.List()
	require.NoError(t, err)
	assert.Len(t, after, len(before))
	noPorts(t)
}

func TestPairFromManyGoroutines(t *testing.T) {
	pool := newPool(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				c, err := netring.Pair(netring.CableConfig{Size: 8}, ethdev.Config{Pool: pool})
				if assert.NoError(t, err) {
					assert.NoError(t, c.Close())
				}
			}
		})
	}
	wg.Wait()
	noPorts(t)
}

// A thread may have to wait for others inside a Multi side. A zero-copy operation can hold an HTS
// side for any time.
func TestBurstsOnRingsThatMayBlockUseCgo(t *testing.T) {
	for _, c := range []struct {
		producer, consumer ring.Sync
		waits              bool
	}{
		{ring.Single, ring.Single, false},
		{ring.RTS, ring.RTS, false},
		{ring.Multi, ring.Single, true},
		{ring.Single, ring.Multi, true},
		{ring.HTS, ring.RTS, true},
		{ring.RTS, ring.HTS, true},
	} {
		t.Run(fmt.Sprint(c.producer, c.consumer), func(t *testing.T) {
			r, err := ring.Create[*mbuf.Mbuf]("waits", 64, ring.Config{Producer: c.producer, Consumer: c.consumer})
			require.NoError(t, err)
			defer func() { assert.NoError(t, r.Free()) }()
			rings := []*ring.Ring[*mbuf.Mbuf]{r}
			p, err := netring.Attach(netring.Config{Name: "net_ring_waits", Rx: rings, Tx: rings})
			require.NoError(t, err)
			assert.Equal(t, c.waits, fastcall.Waits(p.Name()))
			require.NoError(t, p.Detach())
		})
	}
}

// The port would use freed memory.
func TestFreeRefusesTheRingsOfAPort(t *testing.T) {
	pool := newPool(t)
	rings := newRings(t, 2)
	p, err := netring.Open(netring.Config{Name: "net_ring_user", Rx: rings[:1], Tx: rings[1:]}, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	again, err := ring.Lookup[*mbuf.Mbuf](rings[0].Name())
	require.NoError(t, err)
	for name, r := range map[string]*ring.Ring[*mbuf.Mbuf]{"to receive from": rings[0], "to send to": rings[1], "by another handle": again} {
		err := r.Free()
		require.ErrorIs(t, err, dpdk.ErrBusy, name)
		assert.Contains(t, err.Error(), "net_ring_user", name)
	}
	require.NoError(t, p.Stop(), "a port that is stopped can be started again")
	require.ErrorIs(t, rings[0].Free(), dpdk.ErrBusy)
	require.NoError(t, p.Detach()) // the cleanup of the test frees the rings

	// A port of the same name with other rings does not use these.
	other := newRings(t, 1)
	p, err = netring.Open(netring.Config{Name: "net_ring_user", Rx: other, Tx: other}, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	temporary := newRings(t, 1)
	_, err = netring.Open(netring.Config{Name: "net_ring_user", Rx: temporary, Tx: temporary}, ethdev.Config{Pool: pool})
	require.ErrorIs(t, err, dpdk.ErrExist)
	require.ErrorIs(t, other[0].Free(), dpdk.ErrBusy)
	require.NoError(t, p.Detach())
}
