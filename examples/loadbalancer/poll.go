//go:build linux

package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/hash"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/place"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// netPort is a port with the packets that it is to send.
type netPort struct {
	port *ethdev.Port
	mac  header.MAC
	rx   ethdev.RxQueue
	tx   ethdev.TxQueue
	pkts []*mbuf.Mbuf
}

// queue is the rings to and from a worker, and packets for it.
type queue struct {
	to, from *Packets
	pkts     []*mbuf.Mbuf
}

// create makes the rings of worker n, and its place: one process at a time is this worker.
func (q *queue) create(n int) (err error) {
	single := ring.Config{Producer: ring.Single, Consumer: ring.Single}
	if q.to, err = ring.Create[*mbuf.Mbuf](toWorker(n), ringSize, single); err != nil {
		return err
	}
	if q.from, err = ring.Create[*mbuf.Mbuf](fromWorker(n), ringSize, single); err != nil {
		return err
	}
	return place.Declare(placeName(n), place.Parts{Consumes: []string{q.to.Name()}, Produces: []string{q.from.Name()}})
}

// poll moves packets between ports and workers until ctx ends.
func (b *balancer) poll(ctx context.Context) {
	const askAfter = 100 * time.Millisecond
	var pkts [burst]*mbuf.Mbuf
	var idle lcore.Idle
	asked := time.Time{}
	for ctx.Err() == nil {
		moved := 0
		for i, p := range b.ports {
			n := p.rx.Burst(pkts[:])
			for _, m := range pkts[:n] {
				b.receive(m, uint16(i))
			}
			moved += n
		}
		for n := range b.queues {
			q := &b.queues[n]
			b.full += flush(&q.pkts, q.to.EnqueueBurst)
			k := q.from.DequeueBurst(pkts[:])
			for _, m := range pkts[:k] {
				if to := int(m.Port()); to < len(b.ports) {
					b.ports[to].pkts = append(b.ports[to].pkts, m)
				} else { // the worker does not forward it
					m.Free()
				}
			}
			moved += k
		}
		if now := time.Now(); now.Sub(asked) > askAfter {
			asked = now
			b.askAll()
		}
		for _, p := range b.ports {
			b.refused += flush(&p.pkts, p.tx.Burst)
		}
		idle.After(moved)
	}
}

// flush passes packets on, frees those that are not taken, and returns their number.
func flush(pkts *[]*mbuf.Mbuf, pass func([]*mbuf.Mbuf) int) uint64 {
	if len(*pkts) == 0 {
		return 0
	}
	rest := (*pkts)[pass(*pkts):]
	mbuf.FreeBulk(rest)
	*pkts = (*pkts)[:0]
	return uint64(len(rest))
}

// receive puts a packet into the queue for the worker of its flow, or answers it.
func (b *balancer) receive(m *mbuf.Mbuf, port uint16) {
	frame, p := m.Data(), b.ports[port]
	var h header.Headers
	h.Parse(frame)
	if b.take(frame, &h, port, p.mac) {
		p.pkts = append(p.pkts, m)
		return
	}
	if h.L2Len == header.EthernetLen && header.Ethernet(frame).Destination() == p.mac && header.Ethernet(frame).Source().IsAssignable() {
		// veth leaves the checksum of TCP and UDP to the network card. The ports do not compute it.
		if m.Flags()&mbuf.RxL4ChecksumMask != mbuf.RxL4ChecksumGood {
			m.CompleteChecksum(h)
		}
		if n := note(m); b.shared.read(n, frame, &h, port) {
			q := &b.queues[hash.Jenkins(n.Key.bytes(), 0)%uint32(len(b.queues))]
			q.pkts = append(q.pkts, m)
			return
		}
	}
	b.ignored++
	m.Free()
}

// learned remembers where a backend is.
func (b *balancer) learned(a netip.Addr, hop Hop) {
	if known, ok := b.neighbours.Lookup(addrOf(a)); ok && known == hop || !slices.Contains(*b.wanted.Load(), a) {
		return
	}
	b.learning.Lock() // a reload must not remove the backend before its hop is added
	defer b.learning.Unlock()
	if !slices.Contains(*b.wanted.Load(), a) {
		return
	}
	if err := b.neighbours.Add(addrOf(a), hop); err != nil {
		fmt.Printf("loadbalancer: backend %v: %v\n", a, err)
		return
	}
	fmt.Printf("loadbalancer: backend %v is at %v, %v\n", a, hop.MAC, b.ports[hop.Port].port)
}

// askAll asks where the backends are that have not been found, on all ports.
func (b *balancer) askAll() {
	for _, a := range *b.wanted.Load() {
		if _, known := b.neighbours.Lookup(addrOf(a)); known {
			continue
		}
		for _, p := range b.ports {
			m, ok := b.pool.Alloc()
			if !ok {
				return
			}
			frame, _ := m.Append(maxAsk)
			n := b.ask(frame, a, p.mac)
			if n == 0 {
				m.Free()
				continue
			}
			m.Trim(maxAsk - n)
			p.pkts = append(p.pkts, m)
		}
	}
}
