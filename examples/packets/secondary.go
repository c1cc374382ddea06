package main

import (
	"context"
	"fmt"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/examples/internal/app"
)

// secondary swaps the addresses of packets until it has sent the last one back, or the primary
// has gone. Ctrl-C asks the primary to send no more.
func secondary(ctx context.Context, rt *eal.Runtime, worker int) error {
	if worker < 1 || worker > workers {
		return fmt.Errorf("-worker=%d: use 1 to %d", worker, workers)
	}
	downName, upName := ringNames(worker)
	up, err := app.Lookup(ctx, ring.Lookup[*mbuf.Mbuf], upName) // the primary creates it after the down ring
	if err != nil {
		return err
	}
	down, err := ring.Lookup[*mbuf.Mbuf](downName)
	if err != nil {
		return err
	}
	counters, err := memzone.LookupValue[Counters](countZone)
	if err != nil {
		return err
	}
	k := &counters.Get().Workers[worker-1]
	k.Joined.Store(1)
	fmt.Printf("worker %d: attached to %s\n", worker, rt.RuntimeDir())

	var pkts [burst]*mbuf.Mbuf
	var idle lcore.Idle
	for {
		last := k.Last.Load() == 1 // before the dequeue: the ring then holds all packets
		n := down.DequeueBurst(pkts[:])
		bytes := 0
		for _, m := range pkts[:n] {
			app.SwapMAC(m.Data())
			bytes += m.Len()
		}
		if !app.EnqueueAll(rt.Context(), up, pkts[:n]) {
			return leave(worker, k.Done.Load())
		}
		k.Done.Add(uint64(n))
		k.Bytes.Add(uint64(bytes))
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

func leave(worker int, done uint64) error {
	fmt.Printf("worker %d: the primary has gone; %d packets done\n", worker, done)
	return nil
}
