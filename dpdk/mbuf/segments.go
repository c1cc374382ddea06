package mbuf

import (
	"iter"
	"math"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// NumSegments is how many segments the packet has. It is meaningful in a packet's
// first segment.
func (m *Mbuf) NumSegments() int {
	m.alive("NumSegments")
	return int(m.nbSegs)
}

// Contiguous is NumSegments() == 1 (rte_pktmbuf_is_contiguous).
func (m *Mbuf) Contiguous() bool {
	m.alive("Contiguous")
	return m.nbSegs == 1
}

// Next is the next segment of the packet, nil after the last.
func (m *Mbuf) Next() *Mbuf {
	m.alive("Next")
	return *m.next()
}

// Last is the packet's last segment, m itself if it has one
// (rte_pktmbuf_lastseg).
func (m *Mbuf) Last() *Mbuf {
	m.alive("Last")
	return m.last()
}

func (m *Mbuf) last() *Mbuf {
	for {
		next := *m.next()
		if next == nil {
			return m
		}
		m = next
	}
}

// Segments are the packet's segments in order, m first. The loop's body may
// free the segment that it is given, with FreeSegment.
func (m *Mbuf) Segments() iter.Seq[*Mbuf] {
	return func(yield func(*Mbuf) bool) {
		for m != nil {
			m.alive("Segments")
			next := *m.next()
			if !yield(m) {
				return
			}
			m = next
		}
	}
}

// Chain puts the packet tail behind the packet m, which then owns tail's
// segments: tail must not be used or freed on its own (rte_pktmbuf_chain).
//
// The error is dpdk.ErrInvalid for a nil tail or one that is a part of m, and
// syscall.EOVERFLOW for more than 65,535 segments or a length of 4 GiB; nothing
// has changed then.
func (m *Mbuf) Chain(tail *Mbuf) error {
	const op = "rte_pktmbuf_chain"
	m.alive("Chain")
	if tail == nil {
		return check.Invalid(op, "", "the tail is nil")
	}
	tail.alive("Chain")
	if m.last() == tail.last() {
		return check.Invalid(op, "", "the tail is a part of the packet already")
	}
	if uint64(m.pktLen)+uint64(tail.pktLen) > math.MaxUint32 {
		return &dpdk.Error{Op: op, Errno: dpdk.ErrOverflow, Detail: "the packet would have more than 4 GiB"}
	}
	if errno := cgo.MbufChain(m.raw(), tail.raw()); errno != 0 {
		return &dpdk.Error{Op: op, Errno: dpdk.Errno(errno), Detail: "the packet would have more than 65,535 segments"}
	}
	return nil
}

// Linearize moves the packet's bytes into its first segment and frees the
// others (rte_pktmbuf_linearize). It reports false, and nothing has changed, if they
// do not fit there, if others hold that segment's buffer (see Shared), or if the
// segments do not have exactly the packet's length.
func (m *Mbuf) Linearize() bool {
	m.alive("Linearize")
	if m.nbSegs == 1 {
		return true
	}
	if m.shared() || m.held() != uint64(m.pktLen) {
		return false // C would write into a buffer that others read, or behind its end
	}
	return cgo.MbufLinearize(m.raw())
}

// Read gives n bytes of the packet from off on (rte_pktmbuf_read): a view, as
// Data's is, if they lie in one segment, else a copy in scratch. If the packet
// has less than off + n bytes, a number is negative, or the bytes lie in several
// segments and scratch is shorter than n, it reports false.
func (m *Mbuf) Read(off, n int, scratch []byte) (b []byte, ok bool) {
	m.alive("Read")
	if !m.within(off, n) {
		return nil, false
	}
	seg := m
	for off >= int(seg.dataLen) && *seg.next() != nil {
		off -= int(seg.dataLen)
		seg = *seg.next()
	}
	if off+n <= int(seg.dataLen) {
		return seg.bytes(int(seg.dataOff)+off, uint16(n)), true
	}
	if n > len(scratch) {
		return nil, false
	}
	b = scratch[:n]
	return b, each(seg, off, n, func(at int, data []byte) { copy(b[at:], data) })
}

// CopyTo fills all of dst with the packet's bytes from off on, over all
// segments. If the packet has less than off + len(dst) bytes, or off is
// negative, it reports false and dst is as it was.
func (m *Mbuf) CopyTo(dst []byte, off int) bool {
	m.alive("CopyTo")
	return m.within(off, len(dst)) && each(m, off, len(dst), func(at int, data []byte) { copy(dst[at:], data) })
}

// CopyFrom writes all of src over the packet's bytes from off on, over all
// segments. If the packet has less than off + len(src) bytes, or off is
// negative, it reports false and nothing has changed. Clones of the packet share
// its bytes.
func (m *Mbuf) CopyFrom(src []byte, off int) bool {
	m.alive("CopyFrom")
	return m.within(off, len(src)) && each(m, off, len(src), func(at int, data []byte) { copy(data, src[at:]) })
}

// held returns how many bytes the segments have.
func (m *Mbuf) held() (n uint64) {
	for seg := m; seg != nil; seg = *seg.next() {
		n += uint64(seg.dataLen)
	}
	return n
}

// within says whether the packet, by its own account, has these bytes.
func (m *Mbuf) within(off, n int) bool {
	return off >= 0 && n >= 0 && off <= int(m.pktLen) && n <= int(m.pktLen)-off
}

// each calls f with each part of the n bytes from off on, and where the part is
// among them. It is false, before any call, if the segments have less than the
// packet's account says.
func each(m *Mbuf, off, n int, f func(at int, data []byte)) bool {
	have := 0
	for seg := m; seg != nil && have < off+n; seg = *seg.next() {
		have += int(seg.dataLen)
	}
	if have < off+n {
		return false
	}
	for at, seg := 0, m; at < n; seg = *seg.next() {
		skip := min(off, int(seg.dataLen))
		off -= skip
		take := min(n-at, int(seg.dataLen)-skip)
		f(at, seg.bytes(int(seg.dataOff)+skip, uint16(take)))
		at += take
	}
	return true
}
