// Package poolops knows what the ops of a pool mean for those who use it.
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

// Default returns the ops of a pool whose maker names none and that any thread
// uses: a stack where no other process can die while it holds the stack's lock. It
// keeps the objects that were used last, which are in the CPU's cache.
func Default() string {
	if fastcall.Alone() && slices.Contains(cgo.MempoolOps(), stack) {
		return stack
	}
	return ring
}

// queueing are the ops inside which threads queue up: each publishes after those
// that reserved before it. "bucket" keeps its objects in such rings.
var queueing = map[string]bool{ring: true, "ring_mp_sc": true, "ring_sp_mc": true, "bucket": true}

// queues are the pools with such ops, which keep bursts from fast calls.
var queues sync.Map

// Note notes the ops of a pool; "" for one that is freed.
func Note(pool cgo.Mempool, ops string) {
	if queueing[ops] {
		if _, known := queues.LoadOrStore(pool, nil); !known {
			fastcall.AddQueues(1)
		}
	} else if _, known := queues.LoadAndDelete(pool); known {
		fastcall.AddQueues(-1)
	}
}
