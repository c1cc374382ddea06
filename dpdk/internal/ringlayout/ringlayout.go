// Package ringlayout checks at compile time that package ringcore and the C compiler agree on
// the layout of struct rte_ring, and describes rings in shared memory.
package ringlayout

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// A difference in either direction is a negative array length here.
type (
	ht = ringcore.HeadTail

	_ [unsafe.Offsetof(ht{}.Head) - cgo.RingHead]struct{}
	_ [cgo.RingHead - unsafe.Offsetof(ht{}.Head)]struct{}
	_ [unsafe.Offsetof(ht{}.Tail) - cgo.RingTail]struct{}
	_ [cgo.RingTail - unsafe.Offsetof(ht{}.Tail)]struct{}
	_ [unsafe.Offsetof(ht{}.SyncType) - cgo.RingSync]struct{}
	_ [cgo.RingSync - unsafe.Offsetof(ht{}.SyncType)]struct{}
	_ [unsafe.Offsetof(ht{}.Head) - cgo.RingRTSTail]struct{}
	_ [cgo.RingRTSTail - unsafe.Offsetof(ht{}.Head)]struct{}
	_ [unsafe.Offsetof(ht{}.HTDMax) - cgo.RingRTSMax]struct{}
	_ [cgo.RingRTSMax - unsafe.Offsetof(ht{}.HTDMax)]struct{}
	_ [unsafe.Offsetof(ht{}.RTSHead) - cgo.RingRTSHead]struct{}
	_ [cgo.RingRTSHead - unsafe.Offsetof(ht{}.RTSHead)]struct{}
	_ [unsafe.Offsetof(ht{}.Head) - cgo.RingHTSPos]struct{}
	_ [cgo.RingHTSPos - unsafe.Offsetof(ht{}.Head)]struct{}

	_ [ringcore.Multi - cgo.RingSyncMT]struct{}
	_ [cgo.RingSyncMT - ringcore.Multi]struct{}
	_ [ringcore.Single - cgo.RingSyncST]struct{}
	_ [cgo.RingSyncST - ringcore.Single]struct{}
	_ [ringcore.RTS - cgo.RingSyncRTS]struct{}
	_ [cgo.RingSyncRTS - ringcore.RTS]struct{}
	_ [ringcore.HTS - cgo.RingSyncHTS]struct{}
	_ [cgo.RingSyncHTS - ringcore.HTS]struct{}
)

// Describe makes this process's description of a ring whose elements have elemSize bytes.
func Describe(i cgo.RingInfo, elemSize uint32) (ringcore.Ring, error) {
	r := i.Ring
	return ringcore.NewAs(
		(*ringcore.HeadTail)(unsafe.Add(r, cgo.RingProd)),
		(*ringcore.HeadTail)(unsafe.Add(r, cgo.RingCons)),
		unsafe.Add(r, cgo.RingSizeof),
		ringcore.Sync(i.ProducerSync), ringcore.Sync(i.ConsumerSync),
		i.Size, i.Capacity, elemSize)
}
