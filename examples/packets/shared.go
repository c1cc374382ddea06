package main

import (
	"fmt"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

const (
	workers   = 2
	poolName  = "packets"
	poolSize  = 8191
	ringSize  = 1024
	burst     = 32
	countZone = "packet_counters"
)

// Packets is a ring of pointers to packets; the packets stay where they are.
type Packets = ring.Ring[*mbuf.Mbuf]

// Counters is the block in shared memory: each field has one writer.
type Counters struct {
	Workers [workers]struct {
		Joined  atomic.Uint32 // worker: it looks at its ring
		Leaving atomic.Uint32 // worker: wants no more
		Last    atomic.Uint32 // primary: nothing more will come
		Done    atomic.Uint64 // worker: packets swapped
		Bytes   atomic.Uint64 // worker: their lengths
		_       [32]byte      // a cache line of its own for each worker
	}
}

// ringNames are a worker's two rings: packets down, and back up.
func ringNames(worker int) (down, up string) {
	return fmt.Sprint("packets_down_", worker), fmt.Sprint("packets_up_", worker)
}

var singles = ring.Config{Producer: ring.Single, Consumer: ring.Single}

// The packets' addresses, as they are made.
const dst, src = "\x02\x00\x00\x00\x00\x01", "\x02\x00\x00\x00\x00\x02"
