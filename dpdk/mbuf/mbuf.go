// Package mbuf provides packets: buffers in shared memory from pools that all processes use
// (rte_mbuf). Drivers, C programs and Go pass them on as pointers.
//
// # Ownership
//
// The code that allocated or received an mbuf owns it until it frees it, sends it, or puts it
// into a ring. After that the mbuf belongs to another owner, in this process or elsewhere, and
// must not be touched. One goroutine uses an mbuf at a time. The garbage collector does not
// track mbufs: a dropped mbuf leaks. With the tag godpdk_debug, double frees and uses after a
// free panic and name both places. See also package mbuftest.
//
// Allocate and free through a [Cache], one for each goroutine. For mbufs with one segment, one
// reference and their own buffer it does not call C. Methods that move data ([Mbuf.Data],
// [Mbuf.Append], [Mbuf.Read] and so on) never call C.
//
// # Calls
//
// Pools may be created, looked up and freed by any goroutine, in all process roles, between
// eal.Init and Close. The methods of [Mbuf] do not check whether EAL is running: after Close
// every mbuf is unmapped memory. On the data path, an exhausted pool and a lack of room are
// not errors: such calls report false and change nothing.
package mbuf

import (
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/shared"
)

// Mbuf is a segment of a packet, or the first of several segments of a packet (struct
// rte_mbuf). It exists only in shared memory. Go code can neither create one nor copy one by
// value. Its address is the same in all processes. The pointer can be sent through a
// ring.Ring[*mbuf.Mbuf], which C sees as a ring of struct rte_mbuf *.
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

// InvalidPort is the port of an mbuf that no port received (RTE_MBUF_PORT_INVALID).
const InvalidPort = cgo.MbufPortInvalid

// Data returns the bytes of the segment. The slice refers to the memory of the mbuf. It is
// valid until the mbuf is freed, sent, put into a ring, or attached to another buffer. It does
// not follow [Mbuf.Append], [Mbuf.Prepend], [Mbuf.Adj] and [Mbuf.Trim]: call Data again. For a
// packet of several segments, Data returns the first one: see [Mbuf.Segments] and [Mbuf.Read].
//
// Implements: rte_pktmbuf_mtod, rte_pktmbuf_data_len
func (m *Mbuf) Data() []byte {
	if build.Debug { // without the condition, inlining the empty method leaves an instruction behind
		m.alive("Data")
	}
	return m.bytes(int(m.dataOff), m.dataLen)
}

// Buffer returns the whole buffer of the segment: headroom, data and tailroom (buf_addr and
// buf_len). The slice is valid as long as that of [Mbuf.Data]. Outside the data it holds bytes
// of earlier packets.
func (m *Mbuf) Buffer() []byte {
	m.alive("Buffer")
	return m.bytes(0, m.bufLen)
}

// bytes returns n bytes of the buffer from off on. It slices the whole buffer: a pointer just
// past a buffer on Go's heap would point to another object. Go keeps the pointer of an empty
// slice at the start.
func (m *Mbuf) bytes(off int, n uint16) []byte {
	return (*[1 << 17]byte)(m.bufAddr)[off : off+int(n) : off+int(n)]
}

// Len returns the length of the packet in bytes, over all its segments. Call it on the first
// segment.
//
// Implements: rte_pktmbuf_pkt_len
func (m *Mbuf) Len() int {
	m.alive("Len")
	return int(m.pktLen)
}

// DataLen returns the number of data bytes in this segment.
//
// Implements: rte_pktmbuf_data_len
func (m *Mbuf) DataLen() int {
	m.alive("DataLen")
	return int(m.dataLen)
}

// BufLen returns the size of the buffer of this segment, headroom and tailroom included.
func (m *Mbuf) BufLen() int {
	m.alive("BufLen")
	return int(m.bufLen)
}

// Headroom returns the number of bytes that [Mbuf.Prepend] can add.
//
// Implements: rte_pktmbuf_headroom
func (m *Mbuf) Headroom() int {
	m.alive("Headroom")
	return int(m.dataOff)
}

// Tailroom returns the number of free bytes after the data of this segment. [Mbuf.Append] uses
// the tailroom of the last segment.
//
// Implements: rte_pktmbuf_tailroom
func (m *Mbuf) Tailroom() int {
	m.alive("Tailroom")
	return max(0, m.tailroom())
}

func (m *Mbuf) tailroom() int { return int(m.bufLen) - int(m.dataOff) - int(m.dataLen) }

// Refcount returns the number of references to this mbuf. Each reference is freed once. A
// clone counts as a reference to the mbuf with the buffer. The clones of an mbuf with an
// external or pinned buffer count in the buffer instead. To find out whether the bytes may be
// changed, call [Mbuf.Shared].
//
// Implements: rte_mbuf_refcnt_read
func (m *Mbuf) Refcount() int {
	m.alive("Refcount")
	return int(m.rearm() >> refcntShift & 0xffff)
}

// rearm returns the 8 bytes that hold data_off, refcnt, nb_segs and port. An allocation writes
// them, and a free reads them, at once.
func (m *Mbuf) rearm() uint64 {
	return atomic.LoadUint64((*uint64)(unsafe.Pointer(&m.dataOff)))
}

// next returns the address of the pointer to the next segment.
func (m *Mbuf) next() **Mbuf {
	return (**Mbuf)(unsafe.Add(unsafe.Pointer(m), cgo.MbufNext))
}

func (m *Mbuf) raw() cgo.Mbuf { return unsafe.Pointer(m) }

// behind returns the n bytes after the struct: the private area.
func (m *Mbuf) behind(n uint16) []byte {
	return (*[1 << 16]byte)(unsafe.Add(unsafe.Pointer(m), cgo.MbufSizeof))[:n:n]
}
