package ethdev

import (
	"math"

	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// TxBufferConfig says when a TxBuffer sends and what it does with packets that the
// port does not take.
type TxBufferConfig struct {
	Size    int // packets of a burst; 0 is 32
	Retries int // more bursts for what one has left; 0 is none
	// Refused is given the packets that the port did not take, which are its own
	// then; the slice is the buffer's. nil frees them.
	Refused func(pkts []*mbuf.Mbuf)
}

// TxBuffer collects packets for a transmit queue and sends them in bursts, as
// rte_eth_tx_buffer does. It is for the queue's goroutine. It holds packets until Flush:
// call that when there is nothing else to do, and at the end. NewTxBuffer makes it; the zero
// value has no queue, refuses all packets and frees them.
type TxBuffer struct {
	queue   TxQueue
	cfg     TxBufferConfig
	pkts    []*mbuf.Mbuf
	n       int
	sent    uint64
	refused uint64
}

const defaultTxBuffer = 32

// NewTxBuffer makes an empty buffer for the queue. The error is dpdk.ErrInvalid for a
// size or a number of retries that is negative or above 65,535.
func NewTxBuffer(q TxQueue, cfg TxBufferConfig) (*TxBuffer, error) {
	const op = "rte_eth_tx_buffer_init"
	if q.q == nil {
		return nil, errZero(op)
	}
	if cfg.Size < 0 || cfg.Size > math.MaxUint16 || cfg.Retries < 0 || cfg.Retries > math.MaxUint16 {
		return nil, q.q.port.invalid(op, "the size is %d and the retries %d: use 0 to %d", cfg.Size, cfg.Retries, math.MaxUint16)
	}
	if cfg.Size == 0 {
		cfg.Size = defaultTxBuffer
	}
	return &TxBuffer{queue: q, cfg: cfg, pkts: make([]*mbuf.Mbuf, cfg.Size)}, nil
}

// Add takes a packet, which is the buffer's then, and sends all if there are
// Config.Size. It returns how many were sent. A nil is left out.
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

// Flush sends what is in the buffer, which is empty afterwards, and returns how many
// were sent.
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

// Len is how many packets wait.
func (b *TxBuffer) Len() int {
	if b == nil {
		return 0
	}
	return b.n
}

// Sent is how many packets the port has taken.
func (b *TxBuffer) Sent() uint64 {
	if b == nil {
		return 0
	}
	return b.sent
}

// Refused is how many packets the port did not take.
func (b *TxBuffer) Refused() uint64 {
	if b == nil {
		return 0
	}
	return b.refused
}
