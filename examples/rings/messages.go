package main

import (
	"fmt"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/ring"
)

const (
	workers   = 2
	ringSize  = 1024
	burst     = 32
	countZone = "my_counters"
)

// Order is a message from the primary to a worker.
type Order struct {
	Seq      uint64
	Price    uint32
	Quantity uint32
	Check    uint64
}

// Receipt is the worker's answer to an order.
type Receipt struct {
	Seq   uint64
	Value uint64
	Check uint64
}

func (o *Order) check() uint64 {
	return o.Seq ^ uint64(o.Price)<<32 ^ uint64(o.Quantity) ^ 0x9e3779b97f4a7c15
}
func (r *Receipt) check() uint64 { return r.Seq*31 ^ r.Value ^ 0xc2b2ae3d27d4eb4f }

// Counters is the block of counters in shared memory. Each field has one writer.
type Counters struct {
	Workers [workers]struct {
		Joined   atomic.Uint32 // worker: how many processes have been this worker
		Admitted atomic.Uint32 // primary: which of them may use the rings
		Leaving  atomic.Uint32 // worker: it ends after the orders in its ring
		Last     atomic.Uint32 // primary: all orders are in the ring
		Sent     atomic.Uint64 // primary: orders
		Done     atomic.Uint64 // worker: orders received and answered
		Received atomic.Uint64 // primary: receipts
		_        [24]byte      // one cache line for each worker
	}
}

// ringNames returns the names of a worker's two rings: orders down, receipts up.
func ringNames(worker int) (down, up string) {
	if worker == 1 {
		return "my_rings", "my_rings_up"
	}
	return fmt.Sprint("my_rings_", worker), fmt.Sprintf("my_rings_%d_up", worker)
}

var singles = ring.Config{Producer: ring.Single, Consumer: ring.Single}
