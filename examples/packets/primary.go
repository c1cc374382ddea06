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
)

// desk is the primary's side of one worker.
type desk struct {
	down, up *Packets
	pkts     [burst]*mbuf.Mbuf
	pending  []*mbuf.Mbuf // of pkts, not yet in the ring
	made     uint64
	back     uint64
	bad      uint64
}

// primary makes the shared objects, makes packets until time or Ctrl-C ends it,
// and waits for the last to come back.
func primary(ctx context.Context, length time.Duration) error {
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
	if err := join(ctx, c); err != nil {
		return err
	}
	if length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, length)
		defer cancel()
	}
	start := time.Now()
	serve(ctx, c, desks, cache)
	took := time.Since(start)
	if err := cache.Close(); err != nil {
		return err
	}
	return summary(c, desks, pool, took)
}

// join waits until all workers look at their rings.
func join(ctx context.Context, c *Counters) error {
	deadline := time.Now().Add(30 * time.Second)
	for w := 0; w < workers; {
		if c.Workers[w].Joined.Load() == 1 {
			w++
			continue
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("worker %d did not join within 30 s: start it with --proc-type=secondary … -- -worker=%d", w+1, w+1)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// serve polls all desks until ctx ends and every packet is back. A worker that
// gives nothing back for 2 s by then is given up.
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

// send moves pending packets, or new ones, into the ring; it returns how many.
// The pool limits how many are under way.
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

// fill makes an empty mbuf the next packet: addresses, a type, a number.
func (d *desk) fill(m *mbuf.Mbuf) {
	frame, _ := m.Append(60 + int(d.made%64))
	copy(frame, dst+src+"\x88\xb5")
	binary.BigEndian.PutUint64(frame[14:], d.made)
	d.made++
}

// receive checks what has come back, each packet once and in order, and frees
// it; it returns how many.
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
