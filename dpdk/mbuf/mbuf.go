// Package mbuf is packets: buffers in shared memory, from pools that all
// processes use, which drivers, C programs and Go hand on as pointers (rte_mbuf).
//
// # Who owns an mbuf
//
// Whoever allocated or received an mbuf owns it until it is freed, sent, or put
// into a ring; then it is another's, in this process or elsewhere, and must not
// be touched. One goroutine uses an mbuf at a time. Nothing here is counted by
// the garbage collector: an mbuf that is dropped is lost to its pool. Build with
// the tag godpdk_debug to have double frees and uses after a free panic with the
// names of both places; see also package mbuftest.
//
// Allocate and free through a Cache, one for each goroutine: with it the simple
// case, mbufs with one segment, one reference and a buffer of their own, does not
// call C. Methods that move data (Data, Append, Read …) never call C.
//
// # Calls
//
// Pools are made, looked up and freed from any goroutine in any process role,
// between eal.Init and Close. The methods of Mbuf do not look whether EAL runs:
// after Close every mbuf is unmapped memory. No exhausted pool and no missing
// room is an error on the data path: such calls report false and change nothing.
package mbuf

import (
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/shared"
)

// Mbuf is a segment of a packet, or the head of a packet of several segments
// (struct rte_mbuf). It exists only as a pointer into shared memory: Go code
// can neither make one nor copy one by value. The pointer means the same in all
// processes and can go through a ring.Ring[*mbuf.Mbuf], which C sees as a ring
// of struct rte_mbuf *.
type Mbuf struct {
	_ shared.Mark
	_ shared.Incomplete

	bufAddr    unsafe.Pointer
	_          uint64 // buf_iova, or next: see layout.go
	dataOff    uint16
	refcnt     uint16
	nbSegs     uint16
	port       uint16
	olFlags    OffloadFlags
	packetType PacketType
	pktLen     uint32
	dataLen    uint16
	vlanTCI    uint16
	rss        uint32
	hashHi     uint32
	vlanOuter  uint16
	bufLen     uint16
	pool       unsafe.Pointer

	_         uint64 // next, or a part of the dynamic fields
	txOffload uint64
	shinfo    unsafe.Pointer
	privSize  uint16
	timesync  uint16
	_         [9]uint32 // dynamic fields
}

// InvalidPort is the port of an mbuf that no port received
// (RTE_MBUF_PORT_INVALID).
const InvalidPort = cgo.MbufPortInvalid

// Data is the segment's bytes, in the mbuf itself (rte_pktmbuf_mtod and
// data_len). It is a borrowed view: it ends when the mbuf is freed, sent, put
// into a ring, or attached to another buffer, and it does not follow Append,
// Prepend, Adj and Trim; call Data again. Of a packet with several segments it
// is the first: see Segments and Read.
func (m *Mbuf) Data() []byte {
	if build.Debug { // not the empty method: inlining leaves an instruction behind
		m.alive("Data")
	}
	return m.bytes(int(m.dataOff), m.dataLen)
}

// Buffer is the segment's whole buffer: the headroom, the data and the tailroom
// (buf_addr and buf_len). It is a view as Data's is. What it holds outside the data
// is left from earlier packets.
func (m *Mbuf) Buffer() []byte {
	m.alive("Buffer")
	return m.bytes(0, m.bufLen)
}

// bytes is a view of the buffer. It is a slice of the whole, and not of what is at off,
// because a pointer just past a buffer on Go's heap is one to another object; Go leaves
// the pointer of an empty slice at the start.
func (m *Mbuf) bytes(off int, n uint16) []byte {
	return (*[1 << 17]byte)(m.bufAddr)[off : off+int(n) : off+int(n)]
}

// Len is the packet's length in bytes, over all its segments
// (rte_pktmbuf_pkt_len). It is meaningful in a packet's first segment.
func (m *Mbuf) Len() int {
	m.alive("Len")
	return int(m.pktLen)
}

// DataLen is how many bytes this segment holds (rte_pktmbuf_data_len).
func (m *Mbuf) DataLen() int {
	m.alive("DataLen")
	return int(m.dataLen)
}

// BufLen is the size of this segment's buffer, headroom and tailroom included.
func (m *Mbuf) BufLen() int {
	m.alive("BufLen")
	return int(m.bufLen)
}

// Headroom is how many bytes Prepend can add (rte_pktmbuf_headroom).
func (m *Mbuf) Headroom() int {
	m.alive("Headroom")
	return int(m.dataOff)
}

// Tailroom is how many bytes this segment has behind its data
// (rte_pktmbuf_tailroom). Append uses that of the last segment.
func (m *Mbuf) Tailroom() int {
	m.alive("Tailroom")
	return max(0, m.tailroom())
}

func (m *Mbuf) tailroom() int { return int(m.bufLen) - int(m.dataOff) - int(m.dataLen) }

// Refcount returns how many holders this mbuf has, each of which frees it
// (rte_mbuf_refcnt_read). A clone counts as a holder of the mbuf whose buffer it uses,
// but the clones of an mbuf with an external or pinned buffer count in the buffer: to
// know whether the bytes may be changed, call Shared.
func (m *Mbuf) Refcount() int {
	m.alive("Refcount")
	return int(m.rearm() >> refcntShift & 0xffff)
}

// The 8 bytes that hold data_off, refcnt, nb_segs and port: an allocation
// writes them, and a free reads them, at once.
func (m *Mbuf) rearm() uint64 {
	return atomic.LoadUint64((*uint64)(unsafe.Pointer(&m.dataOff)))
}

// next is where the pointer to the next segment is.
func (m *Mbuf) next() **Mbuf {
	return (**Mbuf)(unsafe.Add(unsafe.Pointer(m), cgo.MbufNext))
}

func (m *Mbuf) raw() cgo.Mbuf { return unsafe.Pointer(m) }

// behind is the n bytes behind the struct, where the private area is.
func (m *Mbuf) behind(n uint16) []byte {
	return (*[1 << 16]byte)(unsafe.Add(unsafe.Pointer(m), cgo.MbufSizeof))[:n:n]
}
