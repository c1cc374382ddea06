// Package poolops holds the properties of the ops of pools that other packages depend on.
package poolops

import (
	"slices"
	"sync"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
)

const (
	ring  = "ring_mp_mc" // DPDK's default
	stack = "stack"
)

// Default returns the ops of a pool for any number of threads, if its creator names none. It
// is a stack if no other process can die while it holds the lock of the stack. A stack returns
// the objects that were used last, which are in the cache of the CPU.
func Default() string {
	if fastcall.Alone() && slices.Contains(cgo.MempoolOps(), stack) {
		return stack
	}
	return ring
}

// queueing are the ops in which threads wait for each other: each publishes its objects after
// the threads that reserved before it. "bucket" stores its objects in such rings.
var queueing = map[string]bool{ring: true, "ring_mp_sc": true, "ring_sp_mc": true, "bucket": true}

// queues are the pools with such ops. While one exists, bursts do not use fast calls.
var queues sync.Map

// Note records the ops of a pool, "" when the pool is freed.
func Note(pool cgo.Mempool, ops string) {
	if queueing[ops] {
		if _, known := queues.LoadOrStore(pool, nil); !known {
			fastcall.AddQueues(1)
		}
	} else if _, known := queues.LoadAndDelete(pool); known {
		fastcall.AddQueues(-1)
	}
}
