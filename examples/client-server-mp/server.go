package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// server deals packets to clients.
type server struct {
	ports []*ethdev.Port
	info  *PortInfo
	pool  *mbuf.Pool
	desks []desk
	next  int // whose turn it is
}

// desk is the server's side of a client.
type desk struct {
	ring               *Packets
	pkts               [burst]*mbuf.Mbuf
	n                  int           // of pkts, to be delivered
	delivered, dropped atomic.Uint64 // packets
}

// serve makes what all share, deals packets until ctx ends, counts, and tells of the
// processes that come and go.
func serve(ctx context.Context, rt *eal.Runtime, ports []*ethdev.Port, clients int, period time.Duration) (err error) {
	sub, err := rt.Subscribe()
	if err != nil {
		return err
	}
	defer sub.Close()
	events := sub.C
	s, err := open(ports, clients)
	if err != nil {
		return err
	}
	for _, p := range ports {
		if err := s.start(p); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.Stop()) }()
	}
	// Clients look for their rings last.
	for c := range s.desks {
		if s.desks[c].ring, err = ring.Create[*mbuf.Mbuf](ringName(c), ringSize, ring.Config{Producer: ring.Single, Consumer: ring.Single}); err != nil {
			return err
		}
	}
	fmt.Printf("server: ready: %d ports, %d clients, %d packets in the pool\n", len(ports), clients, s.pool.Size())

	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.deal(ctx)
	}()
	var tick <-chan time.Time
	if period > 0 {
		tick = time.Tick(period)
	}
	for done := false; !done; {
		select {
		case <-stopped:
			done = true
		case <-tick:
			s.print()
		case e, ok := <-events:
			if !ok {
				events = nil // EAL has ended
				continue
			}
			fmt.Printf("server: process %d has %v\n", e.Pid, e.State)
		}
	}
	s.settle()
	s.print()
	s.summary()
	return nil
}

// open makes the pool and the block of counters.
func open(ports []*ethdev.Port, clients int) (*server, error) {
	zone, err := memzone.CreateValue[PortInfo](portsName, memzone.Config{})
	if err != nil {
		return nil, err
	}
	s := &server{ports: ports, info: zone.Get(), desks: make([]desk, clients)}
	for i, p := range ports {
		s.info.ID[i] = uint16(p.ID())
	}
	s.info.NumPorts = uint16(len(ports))
	ops, err := mempool.Ops()
	if err != nil {
		return nil, err
	}
	var cfg mbuf.PoolConfig
	if slices.Contains(ops, "lf_stack") { // nobody can be killed in the middle of it, to the harm of others
		cfg.Ops = "lf_stack"
	}
	// Enough for all queues and rings to be full.
	const descriptors = 1024
	s.pool, err = mbuf.CreatePool(poolName, (1+clients)*len(ports)*descriptors+clients*ringSize, cfg)
	return s, err
}

// start configures a port with a queue to receive from, and one to send by for each
// client.
func (s *server) start(p *ethdev.Port) error {
	if err := p.Configure(ethdev.Config{RxQueues: 1, TxQueues: len(s.desks), Pool: s.pool}); err != nil {
		return err
	}
	if err := p.SetPromiscuous(true); err != nil {
		return err
	}
	return p.Start()
}

// deal receives from the ports and gives each client a packet in turn, until ctx ends.
func (s *server) deal(ctx context.Context) {
	rx := make([]ethdev.RxQueue, len(s.ports))
	for i, p := range s.ports {
		rx[i] = p.RxQueue(0)
	}
	var pkts [burst]*mbuf.Mbuf
	var idle lcore.Idle
	for ctx.Err() == nil {
		moved := 0
		for i := range rx {
			n := rx[i].Burst(pkts[:])
			if n == 0 {
				continue
			}
			s.info.Received[i].Add(uint64(n))
			for _, m := range pkts[:n] {
				d := &s.desks[s.next]
				d.pkts[d.n] = m
				d.n++
				s.next = (s.next + 1) % len(s.desks)
			}
			for c := range s.desks {
				s.desks[c].deliver()
			}
			moved += n
		}
		idle.After(moved)
	}
}

// deliver puts what is on the desk into the client's ring, and drops what has no room
// there: the client is too slow, or not there.
func (d *desk) deliver() {
	if d.n == 0 {
		return
	}
	n := d.ring.EnqueueBurst(d.pkts[:d.n])
	mbuf.FreeBulk(d.pkts[n:d.n])
	d.delivered.Add(uint64(n))
	d.dropped.Add(uint64(d.n - n))
	d.n = 0
}

// settle waits until the clients have emptied their rings, or stopped doing so, and
// sent what they held.
func (s *server) settle() {
	for before := -1; ; {
		now := 0
		for c := range s.desks {
			now += s.desks[c].ring.Len()
		}
		time.Sleep(100 * time.Millisecond)
		if now == 0 || now == before {
			return
		}
		before = now
	}
}
