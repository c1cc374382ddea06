package mbuf

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// Free frees the packet: each segment goes to its own pool, unless others hold references to
// it. It calls C, and uses a cache only on the thread of an lcore. [Cache.Free] is faster. A
// nil m is a no-op.
//
// Implements: rte_pktmbuf_free
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

// FreeSegment frees this segment only. It must not be part of a packet any more. A nil m is a
// no-op.
//
// Implements: rte_pktmbuf_free_seg
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

// FreeBulk frees packets of any pools. It skips nil ones. It calls C once, and uses a cache
// only on the thread of an lcore. [Cache.FreeBulk] is faster. The packets in pkts no longer
// belong to the caller afterwards.
//
// Implements: rte_pktmbuf_free_bulk
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

// recyclable reports whether freeing m only means putting it into its pool: it has one
// segment, one reference and its own buffer.
func (m *Mbuf) recyclable() bool {
	return m.rearm()&recyclableMask == recyclableWord && m.olFlags&attached == 0 && *(*uint64)(unsafe.Pointer(m.next())) == 0
}

// reset makes a recyclable mbuf from a pool an empty packet, as rte_pktmbuf_reset does.
func (m *Mbuf) reset(rearm uint64) {
	*(*uint64)(unsafe.Pointer(&m.dataOff)) = rearm
	m.olFlags = 0
	*(*uint64)(unsafe.Pointer(&m.packetType)) = 0 // and pktLen
	*(*uint32)(unsafe.Pointer(&m.dataLen)) = 0    // and vlanTCI
	m.vlanOuter = 0
	*(*uint64)(unsafe.Pointer(m.next())) = 0
	m.txOffload = 0
}
