// Package poolops holds the properties of the ops of pools that other packages depend on.
package poolops

import (
	"slices"
	"sync"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
)

const (
	ring    = "ring_mp_mc" // DPDK's default
	stack   = "stack"
	lfStack = "lf_stack"
)

// MaxName is the length of the longest name of a pool that Create accepts. The stacks have the
// shortest limit: they put "MP_" before the name of their pool. Lookup accepts one byte more.
const MaxName = cgo.StackNameSize - 1 - len("MP_")

// Default returns the ops of a pool for any number of threads, if its creator names none.
//
// In memory that processes share it is a lock-free stack: a process that is stopped or killed inside
// it does not make the others wait. In a process that shares no memory it is a stack with a
// lock, which is faster. Both return the objects that were used last, which are in the cache of the CPU.
// A process without these ops has only rings.
func Default() string {
	ops := cgo.MempoolOps()
	switch alone := fastcall.Alone(); {
	case alone && slices.Contains(ops, stack):
		return stack
	case !alone && cgo.StackLockFree == 1 && slices.Contains(ops, lfStack):
		return lfStack
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
