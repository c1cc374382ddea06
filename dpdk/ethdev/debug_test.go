//go:build godpdk_debug

package ethdev_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

func TestTwoGoroutinesOnOneQueuePanic(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(""), ethdev.Config{Pool: pool})
	rx := p.RxQueue(0)
	panics := make(chan any, 2)
	var end atomic.Bool
	for range 2 {
		go func() {
			defer func() {
				panics <- recover()
				end.Store(true)
			}()
			pkts := make([]*mbuf.Mbuf, 32)
			for !end.Load() {
				mbuf.FreeBulk(pkts[:rx.Burst(pkts)])
			}
		}()
	}
	first, second := <-panics, <-panics
	if first == nil {
		first = second
	}
	assert.Contains(t, first, "two goroutines at once in rte_eth_rx_burst on queue 0")
}

func TestSendingAFreedPacketPanics(t *testing.T) {
	pool := newPool(t)
	p := open(t, loop(), ethdev.Config{Pool: pool})
	m := numbered(t, pool, 0, 1)
	m[0].Free()
	for _, send := range []func(){
		func() { p.TxQueue(0).Burst(m) },
		func() { p.TxQueue(0).Forward(m, p.RxQueue(0), make([]*mbuf.Mbuf, 4)) },
	} {
		require.Panics(t, send)
	}
	in := make([]*mbuf.Mbuf, 4)
	assert.Zero(t, p.RxQueue(0).Burst(in), "it was not sent")
}
