package ring

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// Sync is how one side of a ring admits threads.
//
// A thread can be descheduled by the kernel in the middle of an operation.
// With Multi all others of its side then wait until it runs again; RTS lets
// them go on, and so suits machines with more threads than CPUs. HTS lets in
// one at a time; it is the slowest, but its side can reserve and commit.
type Sync = ringcore.Sync

const (
	// Multi admits any number of threads, DPDK's default (RTE_RING_SYNC_MT).
	Multi = ringcore.Multi
	// Single admits one thread at a time, which the caller ensures; it is the
	// fastest (RTE_RING_SYNC_ST).
	Single = ringcore.Single
	// RTS is multi-thread with a relaxed tail (RTE_RING_SYNC_MT_RTS).
	RTS = ringcore.RTS
	// HTS is multi-thread with head and tail in step (RTE_RING_SYNC_MT_HTS).
	HTS = ringcore.HTS
)

// Config says how a ring is made. The zero value is a ring for many producers
// and many consumers, on any socket.
type Config struct {
	Producer, Consumer Sync
	Socket             dpdk.SocketID
	// ExactSize makes the ring hold exactly as many elements as asked for, any
	// number. Without it the count must be a power of two, and the ring holds
	// one less (RING_F_EXACT_SZ).
	ExactSize bool
}

// flags are the ring's flags of rte_ring_create_elem; ok is false for a Sync
// that does not exist.
func (c *Config) flags() (flags uint32, ok bool) {
	prod := map[Sync]uint32{Multi: 0, Single: cgo.RingSPEnqueue, RTS: cgo.RingRTSEnq, HTS: cgo.RingHTSEnq}
	cons := map[Sync]uint32{Multi: 0, Single: cgo.RingSCDequeue, RTS: cgo.RingRTSDeq, HTS: cgo.RingHTSDeq}
	p, okP := prod[c.Producer]
	q, okC := cons[c.Consumer]
	flags = p | q
	if c.ExactSize {
		flags |= cgo.RingExactSize
	}
	return flags, okP && okC
}
