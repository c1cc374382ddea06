package ethdev

import (
	"github.com/godpdk/godpdk/dpdk/internal/batchmem"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// ReceiveBatch receives up to n packets to the end of the batch and returns their number, as
// [RxQueue.Burst] does. If the process is killed inside the driver, the packets of this burst are lost
// to the pool, because the driver may still have them.
//
// Implements: rte_eth_rx_burst
func (q RxQueue) ReceiveBatch(b *ring.Batch[*mbuf.Mbuf], n int) int {
	h := (*batchmem.Header)(b.Pointer())
	at := h.Room()
	if n = min(n, int(h.Capacity-at)); n <= 0 {
		return 0
	}
	pkts := batchmem.Slice[*mbuf.Mbuf](h, at, n)
	clear(pkts)
	h.Cache = 0
	h.Begin(batchmem.Receiving, at, uint32(n))
	n = q.Burst(pkts)
	h.Hi = at + uint32(n)
	h.End()
	return n
}

// SendBatch sends packets from the front of the batch and returns the number that the port has
// accepted, as [TxQueue.Burst] does. The others stay in the batch. If the process is killed inside the
// driver, the packets of this burst are not returned to their pools, because the port may have them.
//
// Implements: rte_eth_tx_burst
func (q TxQueue) SendBatch(b *ring.Batch[*mbuf.Mbuf]) int {
	h, n := (*batchmem.Header)(b.Pointer()), b.Len()
	if n == 0 {
		return 0
	}
	h.Begin(batchmem.Sending, h.Lo, uint32(n))
	n = q.Burst(batchmem.Slice[*mbuf.Mbuf](h, h.Lo, n))
	h.Lo += uint32(n)
	h.End()
	return n
}
