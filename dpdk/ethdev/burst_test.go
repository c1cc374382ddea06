package ethdev_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

func TestBurstOfNull(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(",size=100"), ethdev.Config{Pool: pool})
	rx, tx := p.RxQueue(0), p.TxQueue(0)
	var pkts [32]*mbuf.Mbuf
	n := rx.Burst(pkts[:])
	require.Equal(t, 32, n)
	for _, m := range pkts {
		assert.Equal(t, 100, m.Len())
		assert.Equal(t, p.ID(), int(m.Port()))
	}
	assert.Equal(t, 32, tx.Burst(pkts[:]))
	i, err := p.Info()
	require.NoError(t, err)
	t.Logf("%+v", i)
}
