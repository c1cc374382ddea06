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

// Packets is a ring of pointers to packets. The packets themselves do not move.
type Packets = ring.Ring[*mbuf.Mbuf]

// Counters is the block of counters in shared memory. Each field has one writer.
type Counters struct {
	Workers [workers]struct {
		Joined  atomic.Uint32 // worker: it polls its ring
		Leaving atomic.Uint32 // worker: it ends after the packets in its ring
		Last    atomic.Uint32 // primary: all packets are in the ring
		Done    atomic.Uint64 // worker: packets swapped
		Bytes   atomic.Uint64 // worker: their lengths
		_       [32]byte      // one cache line for each worker
	}
}

// ringNames returns the names of a worker's two rings: packets down, packets up.
func ringNames(worker int) (down, up string) {
	return fmt.Sprint("packets_down_", worker), fmt.Sprint("packets_up_", worker)
}

var singles = ring.Config{Producer: ring.Single, Consumer: ring.Single}

// Addresses of the packets that the primary makes.
const dst, src = "\x02\x00\x00\x00\x00\x01", "\x02\x00\x00\x00\x00\x02"
