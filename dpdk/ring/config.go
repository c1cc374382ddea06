package ring

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// Sync is the synchronization mode of one side of a ring.
//
// The kernel can deschedule a thread in the middle of an operation. With Multi, the other
// threads of that side then wait until it runs again. With RTS they continue, so RTS suits
// machines with more threads than CPUs. With HTS one thread at a time is inside; HTS is the
// slowest, but it allows zero-copy calls such as [Ring.ReserveBurst].
type Sync ringcore.Sync

const (
	// Multi allows any number of threads. It is DPDK's default (RTE_RING_SYNC_MT).
	Multi = Sync(ringcore.Multi)
	// Single allows one thread at a time, which the caller must ensure. It is the fastest
	// (RTE_RING_SYNC_ST).
	Single = Sync(ringcore.Single)
	// RTS is multi-thread with a relaxed tail (RTE_RING_SYNC_MT_RTS).
	RTS = Sync(ringcore.RTS)
	// HTS is multi-thread with head and tail in step (RTE_RING_SYNC_MT_HTS).
	HTS = Sync(ringcore.HTS)
)

// String returns the mode's name in rte_ring, such as "MT_RTS".
func (s Sync) String() string { return ringcore.Sync(s).String() }

// Config configures a ring. The zero value is a ring for many producers and many
// consumers, on any socket.
type Config struct {
	Producer, Consumer Sync
	Socket             dpdk.SocketID
	// ExactSize makes a ring that holds exactly count elements, where count is any number.
	// Otherwise the count must be a power of two, and the ring holds one element less
	// (RING_F_EXACT_SZ).
	ExactSize bool
}

// flags returns the flags of rte_ring_create_elem; ok is false for a Sync that does not
// exist.
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
