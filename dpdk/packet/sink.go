package packet

import (
	"fmt"

	"github.com/google/gopacket"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const opTx = "rte_eth_tx_burst"

// SinkConfig says how a Sink sends. The zero value is bursts of DefaultBurst.
type SinkConfig struct {
	Burst int // packets to collect before they are sent, at most 65,535; 0 is DefaultBurst
}

// SinkStats are a Sink's counts.
type SinkStats struct {
	Packets, Bytes uint64 // taken by the queue
	Refused        uint64 // writes that failed
	Dropped        uint64 // written, but still waiting when the Sink was closed
}

// Sink sends packets given as bytes or as layers. It collects them, and sends a burst
// when that is full, on Flush and on Close. It does not wait, and drops no packet that
// it took before Close: while the queue is full, writes fail.
type Sink struct {
	to    ends
	alloc mbuf.Allocator
	// pkts are waiting to be sent; its capacity is the burst.
	pkts  []*mbuf.Mbuf
	sizes []int // of pkts, which are not to be looked at when they are sent
	buf   Buffer
	stats SinkStats
}

// NewSink makes a Sink of packets for tx, in mbufs from alloc: a *mbuf.Cache of the
// goroutine that writes, or a *mbuf.Pool.
//
// Errors: dpdk.ErrInvalid for a nil tx or alloc or a number out of range, and those of
// the queue's Err, such as syscall.ENETDOWN for a port that is not started.
func NewSink(tx Burster, alloc mbuf.Allocator, cfg SinkConfig) (*Sink, error) {
	if _, rx := tx.(ethdev.RxQueue); rx {
		return nil, check.Invalid(opTx, "", "a receive queue does not send: use Port.TxQueue")
	}
	if alloc == nil {
		return nil, check.Invalid(opTx, "", "there is no cache and no pool to take mbufs from")
	}
	to, err := open(opTx, tx, &cfg.Burst)
	if err != nil {
		return nil, err
	}
	return &Sink{to: to, alloc: alloc, pkts: make([]*mbuf.Mbuf, 0, cfg.Burst), sizes: make([]int, cfg.Burst)}, nil
}

// WritePacketData sends a copy of data, as the function of that name of gopacket's
// handles does.
//
// Errors: dpdk.ErrInvalid for no data; syscall.EMSGSIZE if one mbuf has no room for it;
// mbuf.ErrNoMbufs if the pool has no more; syscall.EAGAIN if the queue is full: write it
// again later; and those of the queue's Err. The packet is not sent then, and Refused
// counts it.
func (s *Sink) WritePacketData(data []byte) error {
	return s.write(func(m *mbuf.Mbuf) error {
		if len(data) == 0 {
			return check.Invalid(opAppend, "", "a packet without a byte")
		}
		if !m.AppendBytes(data) {
			return &dpdk.Error{Op: opAppend, Errno: dpdk.ErrMessageSize, Detail: fmt.Sprintf(
				"%d bytes, where the mbuf has room for %d: use a pool with a larger DataRoom", len(data), m.Tailroom())}
		}
		return nil
	})
}

// WriteLayers sends the packet that Serialize makes of the layers. Errors are those of
// WritePacketData and of Serialize.
func (s *Sink) WriteLayers(opts gopacket.SerializeOptions, layers ...gopacket.SerializableLayer) error {
	return s.write(func(m *mbuf.Mbuf) error { return s.buf.Serialize(m, opts, layers...) })
}

// write adds a packet that fill fills to those that wait.
func (s *Sink) write(fill func(*mbuf.Mbuf) error) error {
	err := s.add(fill)
	if err != nil {
		s.stats.Refused++
	}
	return err
}

func (s *Sink) add(fill func(*mbuf.Mbuf) error) error {
	n := len(s.pkts)
	if n == cap(s.pkts) {
		if err := s.Flush(); len(s.pkts) == n {
			return err
		}
		n = len(s.pkts)
	}
	one := s.pkts[n : n+1]
	if !s.alloc.AllocBulk(one) {
		return mbuf.ErrNoMbufs
	}
	if err := fill(one[0]); err != nil {
		one[0].Free()
		return err
	}
	s.sizes[n] = one[0].Len()
	if s.pkts = s.pkts[:n+1]; n+1 == cap(s.pkts) {
		s.send()
	}
	return nil
}

// Flush sends the packets that wait. The error is syscall.EAGAIN if the queue is full, or
// the queue's Err; the others go on waiting then.
func (s *Sink) Flush() error {
	if s.send(); len(s.pkts) == 0 {
		return nil
	}
	if err := s.to.err(); err != nil {
		return err
	}
	return &dpdk.Error{Op: opTx, Errno: dpdk.ErrAgain, Detail: fmt.Sprintf("the queue is full: %d packets wait", len(s.pkts))}
}

// send gives the queue what it takes.
func (s *Sink) send() {
	if len(s.pkts) == 0 {
		return
	}
	n := s.to.Burst(s.pkts)
	for _, size := range s.sizes[:n] {
		s.stats.Bytes += uint64(size)
	}
	s.stats.Packets += uint64(n)
	copy(s.sizes, s.sizes[n:len(s.pkts)])
	s.pkts = s.pkts[:copy(s.pkts, s.pkts[n:])]
}

// Stats are the counts so far.
func (s *Sink) Stats() SinkStats { return s.stats }

// Close sends what waits, and frees what the queue does not take, with Flush's error.
// It must come before eal's Close. Writes after it start anew.
func (s *Sink) Close() error {
	err := s.Flush()
	s.stats.Dropped += uint64(len(s.pkts))
	mbuf.FreeBulk(s.pkts)
	s.pkts = s.pkts[:0]
	return err
}
