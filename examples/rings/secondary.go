package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// secondary answers orders until the primary says that the last has come, or has
// gone. Ctrl-C asks the primary for the last.
func secondary(ctx context.Context, rt *eal.Runtime, worker int) error {
	if worker < 1 || worker > workers {
		return fmt.Errorf("-worker=%d: use 1 to %d", worker, workers)
	}
	downName, upName := ringNames(worker)
	// The primary makes the counters first and this worker's second ring last.
	up, err := lookup(ctx, func() (*ring.Ring[Receipt], error) { return ring.Lookup[Receipt](upName) })
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

	var orders [burst]Order
	var receipts [burst]Receipt
	var idle lcore.Idle
	for k.Admitted.Load() != me {
		if k.Joined.Load() != me {
			return fmt.Errorf("worker %d: another one has come under this number", worker)
		}
		if idle.After(0); rt.Context().Err() != nil {
			return leave(worker, k.Done.Load())
		}
	}
	fmt.Printf("worker %d: attached to %s\n", worker, rt.RuntimeDir())

	for {
		last := k.Last.Load() == 1 // before the look into the ring
		n := down.DequeueBurst(orders[:])
		for i := range orders[:n] {
			o, r := &orders[i], &receipts[i]
			if o.Check != o.check() {
				return fmt.Errorf("worker %d: order %d is damaged", worker, o.Seq)
			}
			*r = Receipt{Seq: o.Seq, Value: uint64(o.Price) * uint64(o.Quantity)}
			r.Check = r.check()
		}
		for rest := receipts[:n]; len(rest) > 0; {
			sent := up.EnqueueBurst(rest)
			rest = rest[sent:]
			if idle.After(sent); sent == 0 && rt.Context().Err() != nil {
				return leave(worker, k.Done.Load())
			}
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

// lookup waits for what the primary is about to make.
func lookup[T any](ctx context.Context, find func() (T, error)) (T, error) {
	for {
		found, err := find()
		if !errors.Is(err, dpdk.ErrNotFound) {
			return found, err
		}
		select {
		case <-ctx.Done():
			return found, err
		case <-time.After(time.Millisecond):
		}
	}
}

func leave(worker int, done uint64) error {
	fmt.Printf("worker %d: the primary has gone; %d orders done\n", worker, done)
	return nil
}
