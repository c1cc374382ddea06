package main

import (
	"context"
	"encoding/binary"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/rcu"
)

const burst = 32

// worker forwards the packets of one queue of each port.
type worker struct {
	f        *forwarder
	reader   *rcu.Reader
	rx       []ethdev.RxQueue
	tx       []ethdev.TxQueue
	out      [][]*mbuf.Mbuf // of each port, for the end of the round
	counters []counters

	pkts [burst]*mbuf.Mbuf
	hops [burst]uint16
	four struct {
		pkts [burst]*mbuf.Mbuf
		ips  [burst]uint32
	}
	six struct {
		pkts [burst]*mbuf.Mbuf
		ips  [burst][16]byte
	}
}

func newWorker(f *forwarder, i int, reader *rcu.Reader) *worker {
	n := len(f.ports)
	w := &worker{f: f, reader: reader, counters: f.counters[i*n : (i+1)*n]}
	for _, p := range f.ports {
		w.rx = append(w.rx, p.RxQueue(i)) // it receives nothing if the port has too few
		w.tx = append(w.tx, p.TxQueue(i))
		w.out = append(w.out, make([]*mbuf.Mbuf, 0, burst*n))
	}
	return w
}

// poll forwards until ctx ends.
func (w *worker) poll(ctx context.Context) {
	w.reader.Online()
	defer w.reader.Offline()
	var idle lcore.Idle
	for ctx.Err() == nil {
		t, moved := *w.f.tables.Load(), 0
		for i := range w.rx {
			n := w.rx[i].Burst(w.pkts[:])
			if n > 0 {
				w.route(t, i, w.pkts[:n])
				moved += n
			}
		}
		w.send()
		w.reader.Quiescent() // t is not used any more
		idle.After(moved)    // unnecessary for a worker that has a CPU of its own
	}
}

// route puts packets that a port has received behind those of the ports that send them, and frees the others.
func (w *worker) route(t routes, in int, pkts []*mbuf.Mbuf) {
	c, mac := &w.counters[in], w.f.ports[in].mac
	c.received.Add(uint64(len(pkts)))
	n4, n6 := 0, 0
	for _, m := range pkts {
		frame := m.Data()
		e, rest, ok := header.ParseEthernet(frame)
		if !ok || e.Destination() != mac {
			drop(m, &c.ignored)
			continue
		}
		switch e.Type() {
		case header.EtherTypeIPv4:
			ip, _, ok := header.ParseIPv4(rest)
			if !ok {
				drop(m, &c.ignored)
			} else if !ip.DecrementTTL() {
				drop(m, &c.expired)
			} else {
				w.four.pkts[n4], w.four.ips[n4] = m, binary.BigEndian.Uint32(ip[16:20])
				n4++
			}
		case header.EtherTypeIPv6:
			ip, _, ok := header.ParseIPv6(rest)
			if !ok {
				drop(m, &c.ignored)
			} else if ip.HopLimit() <= 1 {
				drop(m, &c.expired)
			} else {
				ip.SetHopLimit(ip.HopLimit() - 1)
				w.six.pkts[n6], w.six.ips[n6] = m, [16]byte(ip[24:40])
				n6++
			}
		default:
			drop(m, &c.ignored)
		}
	}
	if n4 > 0 {
		t.lookup4(w.hops[:n4], w.four.ips[:n4])
		w.queue(c, w.four.pkts[:n4])
	}
	if n6 > 0 {
		t.lookup6(w.hops[:n6], w.six.ips[:n6])
		w.queue(c, w.six.pkts[:n6])
	}
}

// queue gives packets the addresses of their next hops, and queues them there.
func (w *worker) queue(c *counters, pkts []*mbuf.Mbuf) {
	for i, m := range pkts {
		hop := int(w.hops[i])
		if hop >= len(w.out) {
			drop(m, &c.unroutable)
			continue
		}
		*(*[12]byte)(m.Data()) = w.f.ports[hop].addresses
		w.out[hop] = append(w.out[hop], m)
	}
}

// send sends what is queued, and frees what a port does not take.
func (w *worker) send() {
	for i, pkts := range w.out {
		if len(pkts) == 0 {
			continue
		}
		sent := w.tx[i].Burst(pkts)
		mbuf.FreeBulk(pkts[sent:])
		w.counters[i].sent.Add(uint64(sent))
		if sent < len(pkts) {
			w.counters[i].unsent.Add(uint64(len(pkts) - sent))
		}
		w.out[i] = pkts[:0]
	}
}
