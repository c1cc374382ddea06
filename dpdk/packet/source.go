package packet

import (
	"context"
	"errors"
	"io"
	"math/bits"
	"slices"
	"syscall"
	"time"

	"github.com/google/gopacket"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const opRx = "rte_eth_rx_burst"

// DefaultSnapLen is what SourceConfig.SnapLen 0 means: more than any Ethernet frame.
const DefaultSnapLen = 256 << 10

// SourceConfig says how a Source reads. The zero value is bursts of DefaultBurst.
type SourceConfig struct {
	Burst   int // packets to ask for at once, at most 65,535; 0 is DefaultBurst
	SnapLen int // bytes to give of each packet at most; 0 is DefaultSnapLen
	// Cache is where read packets are freed, without a call of C: a cache of the
	// goroutine that reads, to be closed after the Source. With nil they are freed by
	// a call of C for each burst.
	Cache *mbuf.Cache
	// Clock tells the time of a packet that the port has stamped, from the stamp
	// (mbuf.RxTimestamp), whose unit is the driver's own: nanoseconds since 1970,
	// say, or ticks of the device. Ports stamp if they were configured with
	// ethdev.RxTimestamp; net_pcap always does in DPDK 22.11, in microseconds. Other
	// packets, and all with a nil Clock, have the time at which Burst returned them.
	Clock func(stamp uint64) time.Time
}

// Source reads packets one by one from what receives bursts. It is a
// gopacket.ZeroCopyPacketDataSource and a gopacket.PacketDataSource.
//
// It ends when its context ends, when it is closed, or when the queue can receive no
// more, because its port was stopped, say: reads then give what was received until
// then, next the queue's error, if that is what it was, and io.EOF for good.
type Source struct {
	ctx  context.Context
	from ends
	cfg  SourceConfig
	// pkts[at:n] are received and not yet read; those before at are to be freed, and
	// the last of them is the one that is lent.
	pkts    []*mbuf.Mbuf
	at, n   int
	now     time.Time // of the burst
	stamp   mbuf.Timestamp
	scratch []byte // for packets of several segments
	idle    lcore.Idle
	sleeps  int // since the last burst
	over    bool
	err     error
}

// NewSource makes a Source of packets from rx. The end of ctx ends a read that waits.
//
// Errors: dpdk.ErrInvalid for a nil rx or a number out of range, and those of the
// queue's Err, such as syscall.ENETDOWN for a port that is not started.
func NewSource(ctx context.Context, rx Burster, cfg SourceConfig) (*Source, error) {
	if _, tx := rx.(ethdev.TxQueue); tx {
		return nil, check.Invalid(opRx, "", "a transmit queue does not receive: use Port.RxQueue")
	}
	if cfg.SnapLen < 0 {
		return nil, check.Invalid(opRx, "", "SnapLen is %d", cfg.SnapLen)
	}
	if cfg.SnapLen == 0 {
		cfg.SnapLen = DefaultSnapLen
	}
	from, err := open(opRx, rx, &cfg.Burst)
	if err != nil {
		return nil, err
	}
	s := &Source{ctx: ctx, from: from, cfg: cfg, pkts: make([]*mbuf.Mbuf, cfg.Burst)}
	if cfg.Clock != nil {
		// In a secondary whose primary knows no stamps no packet has one.
		if s.stamp, err = mbuf.RxTimestamp(); err != nil && !errors.Is(err, dpdk.ErrSecondary) {
			return nil, err
		}
	}
	return s, nil
}

// ZeroCopyReadPacketData gives the next packet's bytes, and waits for one if there is
// none. The bytes are those in the mbuf, or, of a packet of several segments, a copy
// in the Source. They are lent: the next read and Close end that.
//
// The capture info's InterfaceIndex is the number of the port that received the
// packet. What the port took out of it, such as a VLAN tag, is in Mbuf.
//
// Errors: io.EOF and the queue's, see Source; after these the next read goes on:
// syscall.EBADMSG for an mbuf that has less than it says, and syscall.ENOBUFS while
// the port has no mbufs to receive into.
func (s *Source) ZeroCopyReadPacketData() (data []byte, ci gopacket.CaptureInfo, err error) {
	if s.at == s.n {
		if err := s.receive(); err != nil {
			return nil, ci, err
		}
	}
	m := s.pkts[s.at]
	s.at++
	data, ok := s.bytes(m)
	if !ok {
		return nil, ci, &dpdk.Error{Op: "rte_pktmbuf_read", Errno: dpdk.ErrBadMessage, Detail: "the packet's segments have less than its length: " + m.String()}
	}
	ci.CaptureLength, ci.Length = len(data), m.Len()
	ci.Timestamp = s.time(m)
	if ci.InterfaceIndex = s.from.port; ci.InterfaceIndex < 0 {
		ci.InterfaceIndex = int(m.Port())
	}
	return data, ci, nil
}

// ReadPacketData is ZeroCopyReadPacketData with a copy of the bytes, which is the
// caller's.
func (s *Source) ReadPacketData() (data []byte, ci gopacket.CaptureInfo, err error) {
	data, ci, err = s.ZeroCopyReadPacketData()
	return slices.Clone(data), ci, err
}

// Mbuf is the packet that was read last, with what the port found out about it: nil
// before the first read, after Take, and at the end. It is lent as the bytes are.
func (s *Source) Mbuf() *mbuf.Mbuf {
	if s.at == 0 {
		return nil
	}
	return s.pkts[s.at-1]
}

// Take is Mbuf, and makes the packet the caller's, to be sent or freed: the Source
// does not free it, and no longer ends what was lent of it.
func (s *Source) Take() *mbuf.Mbuf {
	m := s.Mbuf()
	if m != nil {
		s.pkts[s.at-1] = nil
	}
	return m
}

// Err is the queue's error that ended the Source, nil if something else did. It is
// for those who read through gopacket's PacketSource, which keeps errors to itself.
func (s *Source) Err() error { return s.err }

// Close frees the packets that are lent or not yet read; reads then return io.EOF.
// It is for the goroutine that reads: from others, end the context. It must come
// before eal's Close. A Source at its end has nothing to free.
func (s *Source) Close() {
	s.release()
	s.over = true
}

// bytes are the packet's first bytes, as many as the configuration wants.
func (s *Source) bytes(m *mbuf.Mbuf) ([]byte, bool) {
	n := min(m.Len(), s.cfg.SnapLen)
	if first := m.Data(); n <= len(first) {
		return first[:n:n], true
	}
	if n > len(s.scratch) {
		s.scratch = make([]byte, 1<<bits.Len(uint(n-1)))
	}
	return m.Read(0, n, s.scratch)
}

// time is when the packet came.
func (s *Source) time(m *mbuf.Mbuf) time.Time {
	if s.cfg.Clock != nil && s.stamp.Flag != 0 {
		if stamp, ok := s.stamp.Get(m); ok {
			return s.cfg.Clock(stamp)
		}
	}
	return s.now
}

// release frees what the Source has.
func (s *Source) release() {
	if s.cfg.Cache != nil {
		s.cfg.Cache.FreeBulk(s.pkts[:s.n])
	} else if s.n > 0 {
		mbuf.FreeBulk(s.pkts[:s.n])
	}
	s.at, s.n = 0, 0
}

// receive waits for the next burst.
func (s *Source) receive() error {
	s.release()
	s.sleeps = 0
	for !s.over {
		if s.ctx.Err() != nil {
			s.over = true
			break
		}
		if n := s.from.Burst(s.pkts); n > 0 {
			s.n, s.now = n, time.Now()
			s.idle.After(n)
			return nil
		}
		if err := s.wait(); errors.Is(err, syscall.ENOBUFS) {
			return err
		} else if err != nil {
			s.err, s.over = err, true
			return err
		}
	}
	return io.EOF
}

// asks are the sleeps after which to ask whether the queue can receive.
const asks = 256

// wait gives way after an idle round. Sleeps stay short: at 10 Gbit/s a queue of
// 1,024 descriptors is full in 70 µs.
func (s *Source) wait() error {
	ask := s.idle.Sleeping() && s.sleeps%asks == 0
	if s.idle.Sleeping() {
		s.sleeps++
	}
	s.idle.After(0)
	if ask {
		return s.from.err()
	}
	return nil
}
