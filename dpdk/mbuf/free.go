package mbuf

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// Free gives the packet back: each segment to its own pool when nobody else
// holds it (rte_pktmbuf_free). It calls C and, unless the thread is an lcore,
// uses no cache: Cache.Free is for the data path. A nil m does nothing.
func (m *Mbuf) Free() {
	if m == nil {
		return
	}
	if build.Debug {
		m.freeDebug()
		return
	}
	cgo.MbufFree(m.raw())
}

// FreeSegment gives back this segment only, which must not be part of a packet
// any more (rte_pktmbuf_free_seg). A nil m does nothing.
func (m *Mbuf) FreeSegment() {
	if m == nil {
		return
	}
	if build.Debug {
		m.freeSegmentDebug()
		return
	}
	cgo.MbufFreeSeg(m.raw())
}

// FreeBulk gives packets back, whatever their pools are; nil ones are skipped
// (rte_pktmbuf_free_bulk). It calls C once and, unless the thread is an lcore,
// uses no cache: Cache.FreeBulk is for the data path. What is in pkts afterwards
// is another's.
func FreeBulk(pkts []*Mbuf) {
	if build.Debug {
		for _, m := range pkts {
			if m != nil {
				m.freeDebug()
			}
		}
		return
	}
	for len(pkts) > 0 {
		n := min(len(pkts), 1<<30)
		cgo.MbufFreeBulk(nil, nil, unsafe.Pointer(unsafe.SliceData(pkts)), uint32(n))
		pkts = pkts[n:]
	}
}

const (
	recyclableMask = 0xffff<<refcntShift | 0xffff<<nbSegsShift
	recyclableWord = 1<<refcntShift | 1<<nbSegsShift
)

// recyclable says that a free of m is no more than putting it into its pool: one
// segment, one holder, a buffer of its own.
func (m *Mbuf) recyclable() bool {
	return m.rearm()&recyclableMask == recyclableWord && m.olFlags&attached == 0 && *(*uint64)(unsafe.Pointer(m.next())) == 0
}

// reset makes a recyclable mbuf from a pool a new packet, as rte_pktmbuf_reset does.
func (m *Mbuf) reset(rearm uint64) {
	*(*uint64)(unsafe.Pointer(&m.dataOff)) = rearm
	m.olFlags = 0
	*(*uint64)(unsafe.Pointer(&m.packetType)) = 0 // and pktLen
	*(*uint32)(unsafe.Pointer(&m.dataLen)) = 0    // and vlanTCI
	m.vlanOuter = 0
	*(*uint64)(unsafe.Pointer(m.next())) = 0
	m.txOffload = 0
}
