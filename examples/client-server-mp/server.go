package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// server distributes packets to clients.
type server struct {
	ports []*ethdev.Port
	info  *PortInfo
	pool  *mbuf.Pool
	desks []desk
	next  int // client of the next packet
}

// desk holds the ring of a client and the packets for it.
type desk struct {
	ring               *Packets
	pkts               [burst]*mbuf.Mbuf
	n                  int           // of pkts
	delivered, dropped atomic.Uint64 // packets
}

// serve creates the shared objects and distributes packets until ctx ends. It prints the counters,
// and the processes that start and end.
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
	// The rings come last: a client that finds its ring can use the ports.
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

// open creates the pool and the block of counters.
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
	// Enough for all queues and rings to be full.
	const descriptors = 1024
	s.pool, err = mbuf.CreatePool(poolName, (1+clients)*len(ports)*descriptors+clients*ringSize, mbuf.PoolConfig{})
	return s, err
}

// start configures a port with one receive queue, and a send queue for each client.
func (s *server) start(p *ethdev.Port) error {
	if err := p.Configure(ethdev.Config{RxQueues: 1, TxQueues: len(s.desks), Pool: s.pool}); err != nil {
		return err
	}
	if err := p.SetPromiscuous(true); err != nil {
		return err
	}
	return p.Start()
}

// deal receives from the ports and distributes the packets to the clients in turn, until ctx ends.
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

// deliver enqueues the packets on the desk to the client's ring. It drops those that do not fit:
// the client is too slow, or does not run.
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

// settle waits until the rings are empty, or no client dequeues any more. Clients then have had
// 100 ms to send the packets that they held.
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
