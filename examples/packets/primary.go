package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/examples/internal/app"
)

// desk holds the rings to and from one worker, and what the primary knows of it.
type desk struct {
	down, up *Packets
	pkts     [burst]*mbuf.Mbuf
	pending  []*mbuf.Mbuf // of pkts, not yet in the ring
	made     uint64       // packets
	back     uint64
	bad      uint64 // damaged
}

// primary creates the shared objects, makes packets until the time is up or Ctrl-C ends it,
// and waits until the last is back.
func primary(ctx context.Context, seconds float64) error {
	counters, err := memzone.CreateValue[Counters](countZone, memzone.Config{})
	if err != nil {
		return err
	}
	pool, err := mbuf.CreatePool(poolName, poolSize, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	cache, err := pool.NewCache(256)
	if err != nil {
		return err
	}
	desks := make([]desk, workers)
	for w := range desks {
		down, up := ringNames(w + 1)
		if desks[w].down, err = ring.Create[*mbuf.Mbuf](down, ringSize, singles); err != nil {
			return err
		}
		if desks[w].up, err = ring.Create[*mbuf.Mbuf](up, ringSize, singles); err != nil {
			return err
		}
	}
	fmt.Printf("primary: a pool of %d packets; waiting for %d workers\n", poolSize, workers)
	c := counters.Get()
	if err := app.Join(ctx, workers, func(w int) bool { return c.Workers[w-1].Joined.Load() == 1 }); err != nil {
		return err
	}
	ctx, cancel := app.Limit(ctx, seconds)
	defer cancel()
	start := time.Now()
	serve(ctx, c, desks, cache)
	took := time.Since(start)
	if err := cache.Close(); err != nil {
		return err
	}
	return summary(c, desks, pool, took)
}

// serve polls all desks until ctx ends and every packet is back. After the end of ctx it waits
// at most 2 s for the next packet.
func serve(ctx context.Context, c *Counters, desks []desk, cache *mbuf.Cache) {
	var idle lcore.Idle
	progress := time.Now()
	for {
		moved, open := 0, false
		for w := range desks {
			d, k := &desks[w], &c.Workers[w]
			if k.Last.Load() == 0 {
				stop := ctx.Err() != nil || k.Leaving.Load() == 1
				moved += d.send(cache, stop)
				if len(d.pending) == 0 && stop {
					k.Last.Store(1)
				}
			}
			moved += d.receive(cache)
			open = open || k.Last.Load() == 0 || d.back < d.made
		}
		if !open {
			return
		}
		idle.After(moved)
		if moved > 0 || ctx.Err() == nil {
			progress = time.Now()
		} else if time.Since(progress) > 2*time.Second {
			return
		}
	}
}

// send enqueues pending packets, or new ones, and returns their number. The size of the pool
// limits the number of packets in flight.
func (d *desk) send(cache *mbuf.Cache, stop bool) int {
	if len(d.pending) == 0 && !stop && cache.AllocBulk(d.pkts[:]) {
		for _, m := range d.pkts {
			d.fill(m)
		}
		d.pending = d.pkts[:]
	}
	n := d.down.EnqueueBurst(d.pending)
	d.pending = d.pending[n:]
	return n
}

// fill writes the next packet into an empty mbuf: addresses, a type, a number.
func (d *desk) fill(m *mbuf.Mbuf) {
	frame, _ := m.Append(60 + int(d.made%64))
	copy(frame, dst+src+"\x88\xb5")
	binary.BigEndian.PutUint64(frame[14:], d.made)
	d.made++
}

// receive dequeues packets, checks that each comes back once and in order, and frees them. It
// returns their number.
func (d *desk) receive(cache *mbuf.Cache) int {
	var pkts [burst]*mbuf.Mbuf
	n := d.up.DequeueBurst(pkts[:])
	for _, m := range pkts[:n] {
		frame := m.Data()
		if len(frame) != 60+int(d.back%64) || string(frame[:12]) != src+dst || binary.BigEndian.Uint64(frame[14:]) != d.back {
			d.bad++
		}
		d.back++
	}
	cache.FreeBulk(pkts[:n])
	return n
}

// summary prints the totals. It returns an error if a packet was lost or damaged.
func summary(c *Counters, desks []desk, pool *mbuf.Pool, took time.Duration) error {
	var made, back, bad uint64
	for w := range desks {
		d, k := &desks[w], &c.Workers[w]
		fmt.Printf("worker %d: %d packets made, %d swapped (%d MB), %d back\n", w+1, d.made, k.Done.Load(), k.Bytes.Load()/1e6, d.back)
		made, back, bad = made+d.made, back+d.back, bad+d.bad
	}
	fmt.Printf("summary: %d packets in %.1f s, %.2f M packets/s, lost %d, damaged %d; %d of %d mbufs are home\n",
		back, took.Seconds(), float64(back)/took.Seconds()/1e6, made-back, bad, pool.Available(), pool.Size())
	if made != back || bad != 0 || !pool.Full() {
		return fmt.Errorf("%d packets lost, %d damaged, %d mbufs missing", made-back, bad, pool.InUse())
	}
	return nil
}
