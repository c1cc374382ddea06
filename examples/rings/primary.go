package main

import (
	"context"
	"fmt"
	"time"

	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/examples/internal/app"
)

// desk holds the rings to and from one worker, and what the primary knows of it.
type desk struct {
	down *ring.Ring[Order]
	up   *ring.Ring[Receipt]

	orders   [burst]Order
	pending  []Order // of orders, not yet in the ring
	receipts [burst]Receipt
	seq      uint64 // of the next order
	expected uint64 // seq of the next receipt
	bad      uint64 // wrong receipts
	again    uint64 // orders sent again, to a worker's successor
	joined   uint32 // processes that have been this worker
}

// primary creates the shared objects, sends orders until the time is up or Ctrl-C ends it,
// and waits for the last receipt.
func primary(ctx context.Context, seconds float64, period time.Duration) error {
	counters, err := memzone.CreateValue[Counters](countZone, memzone.Config{})
	if err != nil {
		return err
	}
	c := counters.Get()
	desks := make([]desk, workers)
	for w := range desks {
		down, up := ringNames(w + 1)
		if desks[w].down, err = ring.Create[Order](down, ringSize, singles); err != nil {
			return err
		}
		if desks[w].up, err = ring.Create[Receipt](up, ringSize, singles); err != nil {
			return err
		}
	}
	fmt.Printf("primary: rings of %d orders (%d bytes) and receipts; waiting for %d workers\n", ringSize, 24, workers)
	if err := app.Join(ctx, workers, func(w int) bool { return c.Workers[w-1].Joined.Load() > 0 }); err != nil {
		return err
	}
	ctx, cancel := app.Limit(ctx, seconds)
	defer cancel()
	start := time.Now()
	trade(ctx, c, desks, period)
	return summary(c, desks, time.Since(start))
}

// trade polls all desks until ctx ends and every order has its receipt. After the end of ctx
// it waits at most 2 s for the next receipt.
func trade(ctx context.Context, c *Counters, desks []desk, period time.Duration) {
	var idle lcore.Idle
	var before [workers]uint64
	progress, tick := time.Now(), time.NewTicker(period)
	defer tick.Stop()
	for {
		moved, open := 0, false
		for w := range desks {
			d, k := &desks[w], &c.Workers[w]
			if joined := k.Joined.Load(); joined != d.joined {
				d.restart(joined)
				k.Last.Store(0)
				k.Admitted.Store(joined)
			}
			if k.Last.Load() == 0 {
				moved += d.send()
				k.Sent.Store(d.seq - uint64(len(d.pending)))
				if len(d.pending) == 0 && (ctx.Err() != nil || k.Leaving.Load() == 1) {
					k.Last.Store(1)
				}
			}
			moved += d.receive()
			k.Received.Store(d.expected)
			open = open || k.Last.Load() == 0 || d.expected < d.seq
		}
		if !open {
			return
		}
		idle.After(moved)
		if moved > 0 {
			select {
			case <-tick.C:
				before = rates(c, before, period)
			default:
			}
			if ctx.Err() != nil {
				progress = time.Now()
			}
		} else if ctx.Err() != nil && time.Since(progress) > 2*time.Second {
			return
		} else if ctx.Err() == nil {
			progress = time.Now()
		}
	}
}

// restart prepares the rings for a worker's successor, which waits meanwhile: it gets all
// orders without a receipt again.
func (d *desk) restart(joined uint32) {
	flush(d.down)
	flush(d.up)
	d.again += d.seq - uint64(len(d.pending)) - d.expected
	d.seq, d.pending, d.joined = d.expected, nil, joined
}

// flush empties a ring. The process at its other side may have been killed in a burst, when
// it had moved its head and not yet its tail. The next burst of that side moves the tail too,
// so flush acts as both sides.
func flush[T any](r *ring.Ring[T]) {
	var some [burst]T
	empty := func() {
		for r.DequeueBurst(some[:]) > 0 {
		}
	}
	empty()
	r.EnqueueBurst(some[:1])
	empty()
}

// send enqueues pending orders, or new ones, and returns their number.
func (d *desk) send() int {
	if len(d.pending) == 0 {
		for i := range d.orders {
			o := &d.orders[i]
			*o = Order{Seq: d.seq, Price: uint32(d.seq % 977), Quantity: uint32(d.seq%13) + 1}
			o.Check = o.check()
			d.seq++
		}
		d.pending = d.orders[:]
	}
	n := d.down.EnqueueBurst(d.pending)
	d.pending = d.pending[n:]
	return n
}

// receive dequeues receipts, and checks that each order has one, in the order of the orders.
func (d *desk) receive() int {
	n := d.up.DequeueBurst(d.receipts[:])
	for i := range d.receipts[:n] {
		r := &d.receipts[i]
		want := (r.Seq % 977) * (r.Seq%13 + 1)
		if r.Seq != d.expected || r.Value != want || r.Check != r.check() {
			d.bad++
		}
		d.expected++
	}
	return n
}

// rates prints the round trips of each worker in the last period.
func rates(c *Counters, before [workers]uint64, period time.Duration) (now [workers]uint64) {
	fmt.Print("primary:")
	for w := range now {
		now[w] = c.Workers[w].Received.Load()
		fmt.Printf("  worker %d %6.2f M round trips/s, %d in all", w+1, float64(now[w]-before[w])/period.Seconds()/1e6, now[w])
	}
	fmt.Println()
	return now
}

// summary prints the totals. It returns an error if a message was lost or damaged.
func summary(c *Counters, desks []desk, took time.Duration) error {
	var sent, received, bad uint64
	for w := range desks {
		d, k := &desks[w], &c.Workers[w]
		fmt.Printf("worker %d: %d orders sent, %d done, %d receipts", w+1, k.Sent.Load(), k.Done.Load(), d.expected)
		if d.joined > 1 {
			fmt.Printf("; started %d times, %d orders sent again", d.joined, d.again)
		}
		fmt.Println()
		sent, received, bad = sent+k.Sent.Load(), received+d.expected, bad+d.bad
	}
	lost := sent - received
	fmt.Printf("summary: %d messages in %.1f s, %.2f M messages/s, lost %d, damaged %d\n",
		sent+received, took.Seconds(), float64(sent+received)/took.Seconds()/1e6, lost, bad)
	if lost != 0 || bad != 0 {
		return fmt.Errorf("%d messages lost, %d damaged", lost, bad)
	}
	return nil
}
