package main

import (
	"context"
	"fmt"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/examples/internal/app"
)

// secondary answers orders until it has answered the last, or the primary has gone. Ctrl-C asks
// the primary to send no more.
func secondary(ctx context.Context, rt *eal.Runtime, worker int) error {
	if worker < 1 || worker > workers {
		return fmt.Errorf("-worker=%d: use 1 to %d", worker, workers)
	}
	downName, upName := ringNames(worker)
	up, err := app.Lookup(ctx, ring.Lookup[Receipt], upName) // the primary creates it after the down ring
	if err != nil {
		return err
	}
	down, err := ring.Lookup[Order](downName)
	if err != nil {
		return err
	}
	counters, err := memzone.LookupValue[Counters](countZone)
	if err != nil {
		return err
	}
	k := &counters.Get().Workers[worker-1]
	k.Leaving.Store(0)
	me := k.Joined.Add(1)
	var idle lcore.Idle
	for k.Admitted.Load() != me {
		if k.Joined.Load() != me {
			return fmt.Errorf("worker %d: another process has become this worker", worker)
		}
		if idle.After(0); rt.Context().Err() != nil {
			return leave(worker, k.Done.Load())
		}
	}
	fmt.Printf("worker %d: attached to %s\n", worker, rt.RuntimeDir())

	var orders [burst]Order
	var receipts [burst]Receipt
	for {
		last := k.Last.Load() == 1 // before the dequeue: the ring then holds all orders
		n := down.DequeueBurst(orders[:])
		for i := range orders[:n] {
			if receipts[i], err = orders[i].execute(); err != nil {
				return fmt.Errorf("worker %d: %w", worker, err)
			}
		}
		if !app.EnqueueAll(rt.Context(), up, receipts[:n]) {
			return leave(worker, k.Done.Load())
		}
		k.Done.Add(uint64(n))
		if n == 0 && last {
			return nil
		}
		if ctx.Err() != nil {
			k.Leaving.Store(1)
		}
		if idle.After(n); n == 0 && rt.Context().Err() != nil {
			return leave(worker, k.Done.Load())
		}
	}
}

// execute returns the receipt of an order.
func (o *Order) execute() (r Receipt, err error) {
	if o.Check != o.check() {
		return r, fmt.Errorf("order %d is damaged", o.Seq)
	}
	r = Receipt{Seq: o.Seq, Value: uint64(o.Price) * uint64(o.Quantity)}
	r.Check = r.check()
	return r, nil
}

func leave(worker int, done uint64) error {
	fmt.Printf("worker %d: the primary has gone; %d orders done\n", worker, done)
	return nil
}
