package ethdev_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

func TestTxBufferSendsWhenFull(t *testing.T) {
	pool := newPool(t)
	p := open(t, loop(), ethdev.Config{Pool: pool})
	b, err := ethdev.NewTxBuffer(p.TxQueue(0), ethdev.TxBufferConfig{Size: 4})
	require.NoError(t, err)
	assert.Zero(t, b.Flush(), "nothing to send")
	pkts := packets(t, pool, 6, 60)
	assert.Zero(t, b.Add(nil))
	for i, m := range pkts {
		want := 0
		if i == 3 {
			want = 4
		}
		assert.Equal(t, want, b.Add(m), "packet %d", i)
	}
	assert.Equal(t, 2, b.Len())
	assert.Equal(t, 4, drain(p.RxQueue(0)))
	assert.Equal(t, 2, b.Flush())
	assert.Zero(t, b.Len())
	assert.Zero(t, b.Flush())
	assert.Equal(t, 2, drain(p.RxQueue(0)))
	assert.EqualValues(t, 6, b.Sent())
	assert.Zero(t, b.Refused())
}

// fill makes a net_ring's queue full.
func fill(t *testing.T, pool *mbuf.Pool, q ethdev.TxQueue) {
	t.Helper()
	for {
		m := packets(t, pool, 1, 60)
		if q.Burst(m) == 0 {
			mbuf.FreeBulk(m)
			return
		}
	}
}

func TestTxBufferFreesRefusedPackets(t *testing.T) {
	pool := newPool(t) // which must be full in the end
	p := open(t, loop(), ethdev.Config{Pool: pool})
	fill(t, pool, p.TxQueue(0))
	b, err := ethdev.NewTxBuffer(p.TxQueue(0), ethdev.TxBufferConfig{Retries: 2})
	require.NoError(t, err)
	for _, m := range packets(t, pool, 32, 60) {
		assert.Zero(t, b.Add(m))
	}
	assert.Zero(t, b.Len())
	assert.EqualValues(t, 32, b.Refused())
	assert.Zero(t, b.Sent())
	drain(p.RxQueue(0))
}

func TestTxBufferPassesPacketsToRefused(t *testing.T) {
	pool := newPool(t)
	p := open(t, loop(), ethdev.Config{Pool: pool})
	fill(t, pool, p.TxQueue(0))
	var back []*mbuf.Mbuf
	b, err := ethdev.NewTxBuffer(p.TxQueue(0), ethdev.TxBufferConfig{Size: 3, Refused: func(pkts []*mbuf.Mbuf) { back = append(back, pkts...) }})
	require.NoError(t, err)
	var one [1]*mbuf.Mbuf
	require.Equal(t, 1, p.RxQueue(0).Burst(one[:])) // room for one
	mbuf.FreeBulk(one[:])
	pkts := packets(t, pool, 3, 60)
	b.Add(pkts[0])
	b.Add(pkts[1])
	assert.Equal(t, 1, b.Add(pkts[2]))
	assert.Equal(t, pkts[1:], back)
	assert.EqualValues(t, 1, b.Sent())
	assert.EqualValues(t, 2, b.Refused())
	mbuf.FreeBulk(back)
	drain(p.RxQueue(0))
}

func TestTxBufferDoesNotAllocate(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(""), ethdev.Config{Pool: pool})
	b, err := ethdev.NewTxBuffer(p.TxQueue(0), ethdev.TxBufferConfig{})
	require.NoError(t, err)
	pkts := make([]*mbuf.Mbuf, 40)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if !pool.AllocBulk(pkts) {
			panic("the pool is empty")
		}
		for _, m := range pkts {
			b.Add(m)
		}
		b.Flush()
	}))
	assert.EqualValues(t, 101*40, b.Sent())
}

func TestBadTxBuffersAreRefused(t *testing.T) {
	p := open(t, null(""), ethdev.Config{Pool: newPool(t)})
	for _, cfg := range []ethdev.TxBufferConfig{{Size: -1}, {Size: 1 << 16}, {Retries: -1}, {Retries: 1 << 16}} {
		_, err := ethdev.NewTxBuffer(p.TxQueue(0), cfg)
		require.ErrorIs(t, err, dpdk.ErrInvalid)
	}
	_, err := ethdev.NewTxBuffer(ethdev.TxQueue{}, ethdev.TxBufferConfig{})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
}
