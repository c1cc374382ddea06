package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// secondary swaps the addresses of packets until the primary says that the last
// has come, or has gone. Ctrl-C asks the primary for the last.
func secondary(ctx context.Context, rt *eal.Runtime, worker int) error {
	if worker < 1 || worker > workers {
		return fmt.Errorf("-worker=%d: use 1 to %d", worker, workers)
	}
	downName, upName := ringNames(worker)
	// The primary makes this worker's second ring last.
	up, err := lookup(ctx, func() (*Packets, error) { return ring.Lookup[*mbuf.Mbuf](upName) })
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
		last := k.Last.Load() == 1 // before the look into the ring
		n := down.DequeueBurst(pkts[:])
		bytes := 0
		for _, m := range pkts[:n] {
			swapMAC(m.Data())
			bytes += m.Len()
		}
		for rest := pkts[:n]; len(rest) > 0; {
			sent := up.EnqueueBurst(rest)
			rest = rest[sent:]
			if idle.After(sent); sent == 0 && rt.Context().Err() != nil {
				return leave(worker, k.Done.Load())
			}
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

// swapMAC swaps a packet's Ethernet addresses, in shared memory.
func swapMAC(frame []byte) {
	dst := [6]byte(frame)
	copy(frame, frame[6:12])
	copy(frame[6:], dst[:])
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
	fmt.Printf("worker %d: the primary has gone; %d packets done\n", worker, done)
	return nil
}
