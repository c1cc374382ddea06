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

// SinkConfig configures a [Sink]. The zero value sends bursts of [DefaultBurst] packets.
type SinkConfig struct {
	Burst int // packets to collect before they are sent, at most 65,535; 0 is DefaultBurst
}

// SinkStats are a Sink's counts.
type SinkStats struct {
	Packets, Bytes uint64 // taken by the queue
	Refused        uint64 // writes that failed
	Dropped        uint64 // packets that Close freed because the queue did not take them
}

// Sink sends packets given as bytes or as layers. It collects packets until a burst is full, and
// sends them then, on [Sink.Flush] and on [Sink.Close]. It does not wait: while the queue is
// full, writes fail. Only Close drops packets that were written.
type Sink struct {
	to    ends
	alloc mbuf.Allocator
	// pkts wait to be sent. Its capacity is the burst.
	pkts  []*mbuf.Mbuf
	sizes []int // of pkts, because packets must not be read after they were sent
	buf   Buffer
	stats SinkStats
}

// NewSink returns a Sink that sends to tx, in mbufs from alloc. alloc is a [mbuf.Pool], or a
// [mbuf.Cache] of the goroutine that writes.
//
// Errors: [dpdk.ErrInvalid] for a nil tx or alloc or a number out of range, and those of the
// queue's Err, such as [dpdk.ErrNetDown] for a port that is not started.
func NewSink(tx Burster, alloc mbuf.Allocator, cfg SinkConfig) (*Sink, error) {
	if _, rx := tx.(ethdev.RxQueue); rx {
		return nil, check.Invalid(opTx, "", "a receive queue does not send: use Port.TxQueue")
	}
	if alloc == nil {
		return nil, check.Invalid(opTx, "", "alloc is nil: use a cache or a pool")
	}
	to, err := open(opTx, tx, &cfg.Burst)
	if err != nil {
		return nil, err
	}
	return &Sink{to: to, alloc: alloc, pkts: make([]*mbuf.Mbuf, 0, cfg.Burst), sizes: make([]int, cfg.Burst)}, nil
}

// WritePacketData sends a copy of data, as the method of the same name of gopacket's handles does.
//
// Errors: [dpdk.ErrInvalid] for empty data, [dpdk.ErrMessageSize] if data does not fit into one
// mbuf, [mbuf.ErrNoMbufs] if the pool is empty, [dpdk.ErrAgain] if the queue is full (write it
// again later), and those of the queue's Err. On an error the packet is not sent, and
// [SinkStats].Refused counts it.
func (s *Sink) WritePacketData(data []byte) error {
	return s.write(func(m *mbuf.Mbuf) error {
		if len(data) == 0 {
			return check.Invalid(opAppend, "", "the packet is empty: write at least one byte")
		}
		if !m.AppendBytes(data) {
			return &dpdk.Error{Op: opAppend, Errno: dpdk.ErrMessageSize, Detail: fmt.Sprintf(
				"%d bytes do not fit into an mbuf with room for %d: use a pool with a larger DataRoom", len(data), m.Tailroom())}
		}
		return nil
	})
}

// WriteLayers sends the packet that [Serialize] makes of the layers.
//
// Errors: those of [Sink.WritePacketData] and of Serialize.
func (s *Sink) WriteLayers(opts gopacket.SerializeOptions, layers ...gopacket.SerializableLayer) error {
	return s.write(func(m *mbuf.Mbuf) error { return s.buf.Serialize(m, opts, layers...) })
}

// write adds a packet, filled in by fill, to those that wait.
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

// Flush sends the packets that wait. Those that the queue does not take continue to wait.
//
// Errors: [dpdk.ErrAgain] if the queue is full, and those of the queue's Err.
func (s *Sink) Flush() error {
	if s.send(); len(s.pkts) == 0 {
		return nil
	}
	if err := s.to.err(); err != nil {
		return err
	}
	return &dpdk.Error{Op: opTx, Errno: dpdk.ErrAgain, Detail: fmt.Sprintf("the queue is full and %d packets wait: try again later", len(s.pkts))}
}

// send sends as many packets as the queue takes.
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

// Stats returns the counts since the Sink was made.
func (s *Sink) Stats() SinkStats { return s.stats }

// Close sends the packets that wait, frees those that the queue does not take, and returns the
// error of [Sink.Flush]. Call it before eal.Runtime.Close. The Sink may be written to again
// afterwards.
func (s *Sink) Close() error {
	err := s.Flush()
	s.stats.Dropped += uint64(len(s.pkts))
	mbuf.FreeBulk(s.pkts)
	s.pkts = s.pkts[:0]
	return err
}
