package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const burst = 32

// pair is two ports that forward to each other.
type pair struct{ sides [2]side }

// side is a port of a pair.
type side struct {
	port *ethdev.Port
	rx   ethdev.RxQueue
	tx   ethdev.TxQueue
	// addresses are the first bytes of a frame that is sent here: the destination, which
	// contains the port's number, and the source, which is the port's own address.
	addresses [12]byte

	pkts [burst]*mbuf.Mbuf // received by this port
	n    int               // of pkts, which the partner sends next

	received, sent, dropped atomic.Uint64 // written by the poller, read by the table
}

// use sets the port of a side.
func (s *side) use(p *ethdev.Port) error {
	mac, err := p.MAC()
	if err != nil {
		return err
	}
	s.port, s.rx, s.tx = p, p.RxQueue(0), p.TxQueue(0)
	s.addresses = [12]byte{0: 2, 5: byte(p.ID())}
	copy(s.addresses[6:], mac)
	return nil
}

// forward runs a poller for each pair until ctx ends, and prints the table.
func forward(ctx context.Context, pairs []*pair, s settings) {
	var pollers sync.WaitGroup
	for _, p := range pairs {
		pollers.Go(func() { p.poll(ctx, s.updateMAC) })
	}
	t := newTable(pairs)
	if s.period > 0 {
		ticker := time.NewTicker(s.period)
		defer ticker.Stop()
		for ctx.Err() == nil {
			select {
			case <-ticker.C:
				t.print()
			case <-ctx.Done():
			}
		}
	}
	pollers.Wait()
	t.last, t.before = t.start, map[*side]uint64{} // the last table covers the whole time
	t.print()
}

// poll forwards between the two ports, in both directions.
func (p *pair) poll(ctx context.Context, updateMAC bool) {
	a, b := &p.sides[0], &p.sides[1]
	var idle lcore.Idle
	for ctx.Err() == nil {
		moved := a.step(b, updateMAC) + b.step(a, updateMAC)
		idle.After(moved) // unnecessary for a poller that has a CPU of its own
	}
	a.flush(b, updateMAC)
	b.flush(a, updateMAC)
}

// step sends the frames that this port received last by its partner, and receives new ones, with
// one call of C. Frames that the partner does not send are freed and counted as dropped there.
func (s *side) step(partner *side, updateMAC bool) int {
	out := s.n
	partner.address(s.pkts[:out], updateMAC)
	sent, n := partner.tx.Forward(s.pkts[:out], s.rx, s.pkts[:])
	partner.count(sent, out)
	if s.n = n; n > 0 {
		s.received.Add(uint64(n))
	}
	return out + n
}

// flush sends the frames that this port received last by its partner.
func (s *side) flush(partner *side, updateMAC bool) {
	out := s.pkts[:s.n]
	partner.address(out, updateMAC)
	sent := partner.tx.Burst(out)
	mbuf.FreeBulk(out[sent:])
	partner.count(sent, len(out))
	s.n = 0
}

// address writes the new addresses of frames that are sent here.
func (s *side) address(pkts []*mbuf.Mbuf, update bool) {
	if !update {
		return
	}
	for _, m := range pkts {
		if frame := m.Data(); len(frame) >= len(s.addresses) {
			copy(frame, s.addresses[:])
		}
	}
}

// count adds up how many of n frames were sent here.
func (s *side) count(sent, n int) {
	if n > 0 {
		s.sent.Add(uint64(sent))
	}
	if sent < n {
		s.dropped.Add(uint64(n - sent))
	}
}
