package ethdev

import (
	"math"

	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// TxBufferConfig is the configuration of a TxBuffer: its burst size, and the handling of packets
// that the port does not accept.
type TxBufferConfig struct {
	Size    int // packets of a burst; 0 is 32
	Retries int // additional bursts for packets that the port did not accept; 0 is none
	// Refused is called with the packets that the port did not accept, and owns them. The
	// slice is valid until Refused returns. nil frees the packets.
	Refused func(pkts []*mbuf.Mbuf)
}

// TxBuffer collects packets for a transmit queue and sends them in bursts. Only the queue's
// goroutine may use it. It holds packets until it is full or [TxBuffer.Flush] is called: call
// Flush when idle and at the end. [NewTxBuffer] makes a TxBuffer. The zero value has no queue,
// refuses all packets and frees them.
type TxBuffer struct {
	queue   TxQueue
	cfg     TxBufferConfig
	pkts    []*mbuf.Mbuf
	n       int
	sent    uint64
	refused uint64
}

const defaultTxBuffer = 32

// NewTxBuffer makes an empty buffer for the queue. It returns dpdk.ErrInvalid for a Size or
// Retries below 0 or above 65,535.
//
// Implements: rte_eth_tx_buffer_init, rte_eth_tx_buffer_set_err_callback
func NewTxBuffer(q TxQueue, cfg TxBufferConfig) (*TxBuffer, error) {
	const op = "rte_eth_tx_buffer_init"
	if q.q == nil {
		return nil, errZero(op)
	}
	if cfg.Size < 0 || cfg.Size > math.MaxUint16 || cfg.Retries < 0 || cfg.Retries > math.MaxUint16 {
		return nil, q.q.port.invalid(op, "Size is %d and Retries %d: use 0 to %d", cfg.Size, cfg.Retries, math.MaxUint16)
	}
	if cfg.Size == 0 {
		cfg.Size = defaultTxBuffer
	}
	return &TxBuffer{queue: q, cfg: cfg, pkts: make([]*mbuf.Mbuf, cfg.Size)}, nil
}

// Add adds a packet to the buffer, which then owns it, and sends all packets if the buffer has
// TxBufferConfig.Size of them. It returns the number of sent packets. A nil is ignored.
//
// Implements: rte_eth_tx_buffer
func (b *TxBuffer) Add(m *mbuf.Mbuf) (sent int) {
	if m == nil {
		return 0
	}
	if b == nil {
		m.Free()
		return 0
	}
	if b.pkts == nil {
		b.pkts = make([]*mbuf.Mbuf, 1)
	}
	b.pkts[b.n] = m
	b.n++
	if b.n < len(b.pkts) {
		return 0
	}
	return b.Flush()
}

// Flush sends the packets of the buffer and returns the number of sent packets. The buffer is
// empty afterwards.
//
// Implements: rte_eth_tx_buffer_flush
func (b *TxBuffer) Flush() (sent int) {
	if b == nil {
		return 0
	}
	all := b.pkts[:b.n]
	for try := 0; sent < len(all) && try <= b.cfg.Retries; try++ {
		sent += b.queue.Burst(all[sent:])
	}
	b.n = 0
	b.sent += uint64(sent)
	if left := all[sent:]; len(left) > 0 {
		b.refused += uint64(len(left))
		if b.cfg.Refused == nil {
			mbuf.FreeBulk(left)
		} else {
			b.cfg.Refused(left)
		}
	}
	return sent
}

// Len returns the number of packets in the buffer.
func (b *TxBuffer) Len() int {
	if b == nil {
		return 0
	}
	return b.n
}

// Sent returns the number of packets that the port has accepted.
func (b *TxBuffer) Sent() uint64 {
	if b == nil {
		return 0
	}
	return b.sent
}

// Refused returns the number of packets that the port did not accept.
func (b *TxBuffer) Refused() uint64 {
	if b == nil {
		return 0
	}
	return b.refused
}
