package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/ring"
)

const (
	workers   = 2
	ringSize  = 1024
	burst     = 32
	countZone = "my_counters"
	patience  = time.Minute // how long the processes wait for each other's start
)

// Order goes from the primary to a worker.
type Order struct {
	Seq      uint64
	Price    uint32
	Quantity uint32
	Check    uint64
}

// Receipt is a worker's answer.
type Receipt struct {
	Seq   uint64
	Value uint64
	Check uint64
}

func (o *Order) check() uint64 {
	return o.Seq ^ uint64(o.Price)<<32 ^ uint64(o.Quantity) ^ 0x9e3779b97f4a7c15
}
func (r *Receipt) check() uint64 { return r.Seq*31 ^ r.Value ^ 0xc2b2ae3d27d4eb4f }

// Counters is the block in shared memory: each field has one writer.
type Counters struct {
	Workers [workers]struct {
		Joined   atomic.Uint32 // worker: how many have come under this number
		Admitted atomic.Uint32 // primary: the one of them that may use the rings
		Leaving  atomic.Uint32 // worker: wants no more
		Last     atomic.Uint32 // primary: nothing more will come
		Sent     atomic.Uint64 // primary: orders
		Done     atomic.Uint64 // worker: orders received and answered
		Received atomic.Uint64 // primary: receipts
		_        [24]byte      // a cache line of its own for each worker
	}
}

// ringNames are a worker's two rings: orders down, receipts up.
func ringNames(worker int) (down, up string) {
	if worker == 1 {
		return "my_rings", "my_rings_up"
	}
	return fmt.Sprint("my_rings_", worker), fmt.Sprintf("my_rings_%d_up", worker)
}

var singles = ring.Config{Producer: ring.Single, Consumer: ring.Single}
