// Package ringlayout checks at compile time that package ringcore and the C compiler agree on
// the layout of struct rte_ring, and describes rings in shared memory.
package ringlayout

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

type ht = ringcore.HeadTail

// The package does not compile unless these are C's.
var (
	_ = build.Same[unsafe.Offsetof(ht{}.Head)-cgo.RingHead]
	_ = build.Same[unsafe.Offsetof(ht{}.Tail)-cgo.RingTail]
	_ = build.Same[unsafe.Offsetof(ht{}.SyncType)-cgo.RingSync]
	_ = build.Same[unsafe.Offsetof(ht{}.Head)-cgo.RingRTSTail]
	_ = build.Same[unsafe.Offsetof(ht{}.HTDMax)-cgo.RingRTSMax]
	_ = build.Same[unsafe.Offsetof(ht{}.RTSHead)-cgo.RingRTSHead]
	_ = build.Same[unsafe.Offsetof(ht{}.Head)-cgo.RingHTSPos]

	_ = build.Same[ringcore.Multi-cgo.RingSyncMT]
	_ = build.Same[ringcore.Single-cgo.RingSyncST]
	_ = build.Same[ringcore.RTS-cgo.RingSyncRTS]
	_ = build.Same[ringcore.HTS-cgo.RingSyncHTS]
)

// Describe makes this process's description of a ring with elements of elemSize bytes.
func Describe(i cgo.RingInfo, elemSize uint32) (ringcore.Ring, error) {
	r := i.Ring
	return ringcore.NewAs(
		(*ringcore.HeadTail)(unsafe.Add(r, cgo.RingProd)),
		(*ringcore.HeadTail)(unsafe.Add(r, cgo.RingCons)),
		unsafe.Add(r, cgo.RingSizeof),
		ringcore.Sync(i.ProducerSync), ringcore.Sync(i.ConsumerSync),
		i.Size, i.Capacity, elemSize)
}
