// Package packet connects DPDK's packets with gopacket (github.com/google/gopacket). Received
// packets are decoded in their mbufs without a copy, and layers are serialized into an mbuf.
//
// A [Source] reads packets from a receive queue or a ring, for gopacket's PacketSource. For
// gopacket's DecodingLayerParser it neither copies nor allocates. [Serialize] writes layers into
// an mbuf, around the bytes that it holds. A [Sink] sends bytes or layers to a transmit queue or
// a ring.
//
// One goroutine at a time may use a Source, a Sink or a [Buffer], in a primary or a secondary.
// After Close they need no further cleanup. A Buffer has no Close.
package packet

import (
	"errors"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Burster is the origin or the destination of packets: an [ethdev.RxQueue], an
// [ethdev.TxQueue], or a [BurstFunc]. Burst fills in or takes the first packets of pkts and
// returns their number. It does not wait. If the Burster has a method Err() error as queues
// have, that returns the reason when no packets move.
type Burster interface {
	Burst(pkts []*mbuf.Mbuf) int
}

// BurstFunc is a function as a [Burster], such as DequeueBurst or EnqueueBurst of a
// ring.Ring[*mbuf.Mbuf].
type BurstFunc func(pkts []*mbuf.Mbuf) int

// Burst calls f.
func (f BurstFunc) Burst(pkts []*mbuf.Mbuf) int { return f(pkts) }

// DefaultBurst is the number of packets received or sent at once if the config sets none.
const DefaultBurst = 32

// maxBurst is the largest number of packets that a driver can count.
const maxBurst = 1<<16 - 1

// ends is a Burster with its optional methods.
type ends struct {
	Burster
	why  func() error // returns why no packets move; nil if b has no Err
	port int          // the queue's port, or -1
}

// open refuses a Burster that cannot move a packet, and a bad size of bursts.
func open(op string, b Burster, burst *int) (ends, error) {
	e := ends{Burster: b, port: -1}
	if f, ok := b.(BurstFunc); b == nil || ok && f == nil {
		return e, check.Invalid(op, "", "no queue and no function for bursts: use RxQueue or TxQueue of a Port, or a BurstFunc")
	}
	if *burst < 0 || *burst > maxBurst {
		return e, check.Invalid(op, "", "Burst is %d: use 1 to %d, or 0 for %d", *burst, maxBurst, DefaultBurst)
	}
	if *burst == 0 {
		*burst = DefaultBurst
	}
	if q, ok := b.(interface{ Err() error }); ok {
		e.why = q.Err
		if err := q.Err(); err != nil && !errors.Is(err, syscall.ENOBUFS) { // no mbufs at the moment
			return e, err
		}
	}
	if q, ok := b.(interface{ Port() *ethdev.Port }); ok {
		e.port = q.Port().ID()
	}
	return e, nil
}

// err returns why no packets move, or nil.
func (e *ends) err() error {
	if e.why == nil {
		return nil
	}
	return e.why()
}
