// Package packet is the bridge between DPDK's packets and gopacket
// (github.com/google/gopacket): what a port receives is decoded where it lies, and
// layers are written straight into an mbuf.
//
// A Source reads packets from a receive queue or a ring, for gopacket's
// PacketSource, or without a copy and without allocating for its
// DecodingLayerParser. Serialize writes layers into an mbuf, around what it holds. A
// Sink sends bytes or layers through a transmit queue or a ring.
//
// Each Source, Sink and Buffer is for one goroutine at a time, in any process role;
// they may be dropped after their Close.
package packet

import (
	"errors"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Burster is where packets come from or go to: an ethdev.RxQueue, an
// ethdev.TxQueue, or a BurstFunc. Burst does not wait, and returns how many of pkts,
// from the first on, it has filled in or taken. If it has a method Err as queues
// have, that is asked why nothing moves.
type Burster interface {
	Burst(pkts []*mbuf.Mbuf) int
}

// BurstFunc makes a Burster of a function, such as the DequeueBurst or the
// EnqueueBurst of a ring.Ring[*mbuf.Mbuf].
type BurstFunc func(pkts []*mbuf.Mbuf) int

// Burst calls f.
func (f BurstFunc) Burst(pkts []*mbuf.Mbuf) int { return f(pkts) }

// DefaultBurst is how many packets are received or sent at once, unless a Config
// says otherwise.
const DefaultBurst = 32

// maxBurst is what a driver counts to.
const maxBurst = 1<<16 - 1

// ends is a Burster, looked at once.
type ends struct {
	Burster
	why  func() error // why nothing moves; nil is that it cannot say
	port int          // the queue's port, or -1
}

// open refuses a Burster that cannot move a packet, and a bad size of bursts.
func open(op string, b Burster, burst *int) (ends, error) {
	e := ends{Burster: b, port: -1}
	if f, ok := b.(BurstFunc); b == nil || ok && f == nil {
		return e, check.Invalid(op, "", "there is no queue and no function to burst with")
	}
	if *burst < 0 || *burst > maxBurst {
		return e, check.Invalid(op, "", "Burst is %d: use 1 to %d, or 0 for %d", *burst, maxBurst, DefaultBurst)
	}
	if *burst == 0 {
		*burst = DefaultBurst
	}
	if q, ok := b.(interface{ Err() error }); ok {
		e.why = q.Err
		if err := q.Err(); err != nil && !errors.Is(err, syscall.ENOBUFS) { // which may pass
			return e, err
		}
	}
	if q, ok := b.(interface{ Port() *ethdev.Port }); ok {
		e.port = q.Port().ID()
	}
	return e, nil
}

// err says why nothing moves, or nil.
func (e *ends) err() error {
	if e.why == nil {
		return nil
	}
	return e.why()
}
