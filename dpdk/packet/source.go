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

// DefaultSnapLen is the default of [SourceConfig].SnapLen: more than any Ethernet frame.
const DefaultSnapLen = 256 << 10

// SourceConfig configures a [Source]. The zero value reads bursts of [DefaultBurst] packets.
type SourceConfig struct {
	Burst   int // packets to request at once, at most 65,535; 0 is DefaultBurst
	SnapLen int // largest number of bytes to return of a packet; 0 is DefaultSnapLen
	// Cache gets the packets when they are freed, without a call of C. It must be a cache of the
	// goroutine that reads, and be closed after the Source. If it is nil, each burst is freed by
	// a call of C.
	Cache *mbuf.Cache
	// Clock converts the stamp of a packet (mbuf.RxTimestamp) into a time. The unit depends on the
	// driver: for example nanoseconds since 1970, or ticks of the device. Ports stamp packets if
	// they were configured with ethdev.RxTimestamp. In DPDK 22.11 net_pcap always stamps, in
	// microseconds. Packets without a stamp, and all if Clock is nil, have the time at which
	// Burst returned them.
	Clock func(stamp uint64) time.Time
}

// Source reads packets one by one from bursts. It implements gopacket.ZeroCopyPacketDataSource
// and gopacket.PacketDataSource.
//
// A Source ends when its context ends, when it is closed, or when the queue can no longer
// receive, for example because its port was stopped. Unless it was closed, reads first return
// the packets received until then. If the queue ended it, one read returns the queue's error.
// All later reads return io.EOF.
type Source struct {
	ctx  context.Context
	from ends
	cfg  SourceConfig
	// pkts[at:n] are received and not yet read. Those before at are freed later. The last
	// one of them is lent to the caller.
	pkts    []*mbuf.Mbuf
	at, n   int
	now     time.Time // when the burst was received
	stamp   mbuf.Timestamp
	scratch []byte // for packets of several segments
	idle    lcore.Idle
	sleeps  int // since the last burst
	over    bool
	err     error
}

// NewSource returns a Source of packets from rx. A read that waits returns when ctx ends.
//
// Errors: [dpdk.ErrInvalid] for a nil rx or a number out of range, those of the queue's Err,
// such as [dpdk.ErrNetDown] for a port that is not started, and with a Clock those of
// [mbuf.RxTimestamp].
func NewSource(ctx context.Context, rx Burster, cfg SourceConfig) (*Source, error) {
	if _, tx := rx.(ethdev.TxQueue); tx {
		return nil, check.Invalid(opRx, "", "a transmit queue does not receive: use Port.RxQueue")
	}
	if cfg.SnapLen < 0 {
		return nil, check.Invalid(opRx, "", "SnapLen is %d: use a positive value, or 0 for the default", cfg.SnapLen)
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
		// ErrSecondary: the primary has not registered stamps, so packets have none.
		if s.stamp, err = mbuf.RxTimestamp(); err != nil && !errors.Is(err, dpdk.ErrSecondary) {
			return nil, err
		}
	}
	return s, nil
}

// ZeroCopyReadPacketData returns the bytes of the next packet, and waits for one if necessary.
// The bytes are in the mbuf. Those of a packet with several segments are a copy in the Source.
// They are valid until the next read or [Source.Close].
//
// The InterfaceIndex of the capture info is the number of the port that received the packet.
// Fields that the port has removed from the packet, such as a VLAN tag, are in [Source.Mbuf].
//
// Errors: io.EOF and the queue's error, as [Source] describes. After two errors the Source can
// still be read: [dpdk.ErrBadMessage] for a packet with fewer bytes than its length, and
// [dpdk.ErrNoBuffers] while the port has no mbufs for received packets.
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
		return nil, ci, &dpdk.Error{Op: "rte_pktmbuf_read", Errno: dpdk.ErrBadMessage, Detail: "the segments have fewer bytes than the packet's length: " + m.String()}
	}
	ci.CaptureLength, ci.Length = len(data), m.Len()
	ci.Timestamp = s.time(m)
	if ci.InterfaceIndex = s.from.port; ci.InterfaceIndex < 0 {
		ci.InterfaceIndex = int(m.Port())
	}
	return data, ci, nil
}

// ReadPacketData does the same as [Source.ZeroCopyReadPacketData], but returns a copy of the
// bytes, which the caller keeps.
func (s *Source) ReadPacketData() (data []byte, ci gopacket.CaptureInfo, err error) {
	data, ci, err = s.ZeroCopyReadPacketData()
	return slices.Clone(data), ci, err
}

// Mbuf returns the packet that was read last, with the metadata from the port. It returns nil
// before the first read, after [Source.Take], and at the end. The packet is valid until the next
// read or [Source.Close].
func (s *Source) Mbuf() *mbuf.Mbuf {
	if s.at == 0 {
		return nil
	}
	return s.pkts[s.at-1]
}

// Take returns the packet of [Source.Mbuf] and gives it to the caller. The caller
// must send or free it. Its bytes stay valid until then.
func (s *Source) Take() *mbuf.Mbuf {
	m := s.Mbuf()
	if m != nil {
		s.pkts[s.at-1] = nil
	}
	return m
}

// Err returns the queue's error that ended the Source, or nil. It is for programs that read
// through gopacket's PacketSource, which does not return errors.
func (s *Source) Err() error { return s.err }

// Close frees the packet that was read last and those that are not yet read. Later reads return
// io.EOF. Only the goroutine that reads may call Close; others must end the context instead. Call
// it before eal.Runtime.Close. A Source at its end needs no Close. Closing twice is a no-op.
func (s *Source) Close() {
	s.release()
	s.over = true
}

// bytes returns the packet's first bytes, up to SnapLen.
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

// time returns the time at which the packet arrived.
func (s *Source) time(m *mbuf.Mbuf) time.Time {
	if s.cfg.Clock != nil && s.stamp.Flag != 0 {
		if stamp, ok := s.stamp.Get(m); ok {
			return s.cfg.Clock(stamp)
		}
	}
	return s.now
}

// release frees all packets of the Source.
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

// asks is the number of sleeps between checks whether the queue can receive.
const asks = 256

// wait backs off after an idle round. Sleeps stay short: at 10 Gbit/s a queue of
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
