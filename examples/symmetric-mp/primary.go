package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/examples/internal/app"
)

// primary configures each port with a queue for each process. It polls its own queues until the
// time is up or Ctrl-C ends it, and prints the counters.
func primary(ctx context.Context, rt *eal.Runtime, ports []*ethdev.Port, processes, seed int, seconds float64) (err error) {
	zone, err := memzone.CreateValue[Shared](sharedZone, memzone.Config{})
	if err != nil {
		return err
	}
	shared := zone.Get()
	shared.Processes.Store(uint32(processes))
	pool, err := mbuf.CreatePool("packets", 16383, mbuf.PoolConfig{CacheSize: 256})
	if err != nil {
		return err
	}
	for _, p := range ports {
		if err := start(p, processes, pool); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.Stop()) }()
	}
	seeded, err := plant(ports[0], pool, processes, seed)
	if err != nil {
		return err
	}
	fmt.Printf("primary: ready: %d ports with %d queues each, %d packets in them\n", len(ports), processes, seeded)
	ctx, stop := app.Limit(ctx, seconds)
	defer stop()
	began := time.Now()
	if err := shared.Of[0].forward(ports, 0, func() bool { return ctx.Err() != nil }); err != nil {
		return err
	}

	shared.Stop.Store(1)
	patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	shared.settle(patience, processes)
	defer outlive(patience, rt)
	shared.print(ports, processes, time.Since(began))
	if seeded == 0 {
		return nil
	}
	return harvest(ports, processes, seeded)
}

// start configures a port with a queue in each direction for each process. A port with RSS
// spreads the packets that it receives over the queues.
func start(p *ethdev.Port, processes int, pool *mbuf.Pool) error {
	info, err := p.Info()
	if err != nil {
		return err
	}
	cfg, _ := ethdev.Config{RSS: ethdev.RSSIP | ethdev.RSSUDP | ethdev.RSSTCP}.Clamp(info)
	cfg.RxQueues, cfg.TxQueues, cfg.Pool = processes, processes, pool
	if err := p.Configure(cfg); err != nil {
		return err
	}
	return p.Start()
}

// plant sends numbered packets through each queue of a port.
func plant(p *ethdev.Port, pool *mbuf.Pool, queues, each int) (seeded int, err error) {
	for q := range queues {
		tx := p.TxQueue(q)
		for range each {
			m, ok := pool.Alloc()
			if !ok {
				return seeded, fmt.Errorf("the pool is empty after %d packets", seeded)
			}
			frame, _ := m.Append(64)
			copy(frame, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x88\xb5")
			binary.BigEndian.PutUint32(frame[14:], uint32(seeded))
			if tx.Burst([]*mbuf.Mbuf{m}) == 0 {
				m.Free()
				return seeded, errors.Join(fmt.Errorf("%v did not send packet %d on queue %d", p, seeded, q), tx.Err())
			}
			seeded++
		}
	}
	return seeded, nil
}

// settle waits until no process polls.
func (b *Shared) settle(ctx context.Context, processes int) {
	for i := range processes {
		for b.Of[i].State.Load() == polling && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}
}

// outlive waits until the secondaries have ended: DPDK asks the primary for memory until their end.
func outlive(ctx context.Context, rt *eal.Runtime) {
	for ctx.Err() == nil {
		all, err := rt.Processes()
		if err != nil || !slices.ContainsFunc(all, func(p eal.Process) bool { return p.Role == eal.Secondary && p.State == eal.Attached }) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// print prints the counters of each process at each port.
func (b *Shared) print(ports []*ethdev.Port, processes int, took time.Duration) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "in %.1f s\treceived\tsent\tdropped\tM sent/s\t\n", took.Seconds())
	var total [3]uint64
	row := func(name string, n [3]uint64) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.2f\t\n", name, n[0], n[1], n[2], float64(n[1])/took.Seconds()/1e6)
	}
	for i := range processes {
		for n, p := range ports {
			k := &b.Of[i].Ports[n]
			of := [3]uint64{k.Received.Load(), k.Sent.Load(), k.Dropped.Load()}
			row(fmt.Sprintf("process %d, %v", i, p), of)
			for j := range total {
				total[j] += of[j]
			}
		}
	}
	row("total", total)
	w.Flush()
}

// harvest receives all packets from the ports, after the other processes have stopped polling,
// and checks that each is there once.
func harvest(ports []*ethdev.Port, processes, seeded int) error {
	found, twice := 0, 0
	seen := make([]bool, seeded)
	var pkts [burst]*mbuf.Mbuf
	for _, p := range ports {
		for q := range processes {
			for n := -1; n != 0; {
				n = p.RxQueue(q).Burst(pkts[:])
				for _, m := range pkts[:n] {
					number := int(binary.BigEndian.Uint32(m.Data()[14:]))
					if number >= seeded || seen[number] {
						twice++
						continue
					}
					seen[number] = true
					found++
				}
				mbuf.FreeBulk(pkts[:n])
			}
		}
	}
	fmt.Printf("summary: %d of %d packets are there, %d twice or damaged\n", found, seeded, twice)
	if found != seeded || twice != 0 {
		return fmt.Errorf("%d packets lost, %d twice or damaged", seeded-found, twice)
	}
	return nil
}
