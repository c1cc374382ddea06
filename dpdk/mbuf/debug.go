//go:build godpdk_debug

package mbuf

import (
	"fmt"
	"os"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/mbuftrace"
)

// In the debug build a freed mbuf has a mark in fields that every allocation writes, whether
// by Go, C or a driver: a data_len and a pkt_len that no packet has together. The mark is in
// shared memory because any process may get the mbuf next. The names of the places are known
// in this process only.

var pid = uint32(os.Getpid())

func (m *Mbuf) dead() bool {
	return m.dataLen == cgo.MbufDeadDataLen && m.pktLen == cgo.MbufDeadPktLen
}

// alive panics if m was freed and not allocated since.
func (m *Mbuf) alive(method string) {
	if m != nil && m.dead() {
		panic(m.misuse("use after free: Mbuf." + method + " of"))
	}
}

// freeable panics if m was freed and not allocated since.
func (m *Mbuf) freeable() {
	if m.dead() {
		panic(m.misuse("double free of"))
	}
}

func (m *Mbuf) misuse(what string) string {
	by := mbuftrace.FreedBy(unsafe.Pointer(m))
	if uint32(m.packetType) != pid {
		by = fmt.Sprintf("process %d", m.packetType)
	} else if by == "" {
		by = "unknown"
	}
	return fmt.Sprintf("mbuf: %s %p by %s; it was freed by %s", what, m, mbuftrace.Caller(), by)
}

// allocated notes the caller as the owner of pkts.
func allocated(pkts []*Mbuf) {
	for _, m := range pkts {
		mbuftrace.Alloc(unsafe.Pointer(m))
	}
}

// bury marks a recyclable mbuf that is about to go back to its pool.
func (m *Mbuf) bury() {
	m.dataLen, m.pktLen, m.packetType = cgo.MbufDeadDataLen, cgo.MbufDeadPktLen, PacketType(pid)
	mbuftrace.Free(unsafe.Pointer(m))
}

// freeDebug is rte_pktmbuf_free with the marks.
func (m *Mbuf) freeDebug() {
	for seg := m; seg != nil; seg = *seg.next() {
		seg.freeable()
	}
	for m != nil {
		next := *m.next()
		m.freeSegmentDebug()
		m = next
	}
}

// freeSegmentDebug is rte_pktmbuf_free_seg with the marks.
func (m *Mbuf) freeSegmentDebug() {
	m.freeable()
	p := unsafe.Pointer(m)
	// Noted first: as soon as it is in the pool, another thread may get it.
	mbuftrace.Free(p)
	cgo.MbufFreeDebug(m.raw(), pid)
}
