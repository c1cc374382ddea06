package mbuf

import (
	"iter"
	"math"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// NumSegments returns the number of segments of the packet. Call it on the first segment.
func (m *Mbuf) NumSegments() int {
	m.alive("NumSegments")
	return int(m.nbSegs)
}

// Contiguous reports whether the packet has one segment only. Call it on the first segment.
//
// Implements: rte_pktmbuf_is_contiguous
func (m *Mbuf) Contiguous() bool {
	m.alive("Contiguous")
	return m.nbSegs == 1
}

// Next returns the next segment of the packet, nil after the last one.
func (m *Mbuf) Next() *Mbuf {
	m.alive("Next")
	return *m.next()
}

// Last returns the last segment of the packet. It is m if the packet has one segment.
//
// Implements: rte_pktmbuf_lastseg
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

// Segments iterates over the segments of the packet in order, starting with m. The body of the
// loop may free its segment with [Mbuf.FreeSegment].
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

// Chain appends the packet tail to the packet m. m then owns the segments of tail: tail must
// not be used or freed separately. If Chain fails, it changes nothing.
//
// Errors: dpdk.ErrInvalid for a nil tail or one that is part of m; dpdk.ErrOverflow for more
// than 65,535 segments or a length of 4 GiB.
//
// Implements: rte_pktmbuf_chain
func (m *Mbuf) Chain(tail *Mbuf) error {
	const op = "rte_pktmbuf_chain"
	m.alive("Chain")
	if tail == nil {
		return check.Invalid(op, "", "the tail is nil")
	}
	tail.alive("Chain")
	if m.last() == tail.last() {
		return check.Invalid(op, "", "the tail is part of the packet already")
	}
	if uint64(m.pktLen)+uint64(tail.pktLen) > math.MaxUint32 {
		return &dpdk.Error{Op: op, Errno: dpdk.ErrOverflow, Detail: "the packet would have more than 4 GiB"}
	}
	if errno := cgo.MbufChain(m.raw(), tail.raw()); errno != 0 {
		return &dpdk.Error{Op: op, Errno: dpdk.Errno(errno), Detail: "the packet would have more than 65,535 segments"}
	}
	return nil
}

// Linearize moves the bytes of the packet into its first segment and frees the others. It
// reports false and changes nothing if they do not fit there, if the buffer of that segment is
// shared (see [Mbuf.Shared]), or if the segments together do not have the length of the
// packet.
//
// Implements: rte_pktmbuf_linearize
func (m *Mbuf) Linearize() bool {
	m.alive("Linearize")
	if m.nbSegs == 1 {
		return true
	}
	if m.shared() || m.held() != uint64(m.pktLen) {
		return false // C would write into a buffer that others read, or past its end
	}
	return cgo.MbufLinearize(m.raw())
}

// Read returns n bytes of the packet from off on. If they are in one segment, the slice refers
// to the memory of the mbuf and is valid as long as that of [Mbuf.Data]. Otherwise it is a
// copy in scratch. Read reports false if the packet has fewer than off + n bytes, if off or n
// is negative, or if the bytes are in several segments and scratch is shorter than n.
//
// Implements: rte_pktmbuf_read
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

// CopyTo fills all of dst with the bytes of the packet from off on, over all segments. If the
// packet has fewer than off + len(dst) bytes, or off is negative, it reports false and does
// not change dst.
func (m *Mbuf) CopyTo(dst []byte, off int) bool {
	m.alive("CopyTo")
	return m.within(off, len(dst)) && each(m, off, len(dst), func(at int, data []byte) { copy(dst[at:], data) })
}

// CopyFrom overwrites the bytes of the packet from off on with all of src, over all segments.
// If the packet has fewer than off + len(src) bytes, or off is negative, it reports false and
// changes nothing. Clones of the packet share its bytes.
func (m *Mbuf) CopyFrom(src []byte, off int) bool {
	m.alive("CopyFrom")
	return m.within(off, len(src)) && each(m, off, len(src), func(at int, data []byte) { copy(data, src[at:]) })
}

// held returns the number of bytes of the segments.
func (m *Mbuf) held() (n uint64) {
	for seg := m; seg != nil; seg = *seg.next() {
		n += uint64(seg.dataLen)
	}
	return n
}

// within reports whether the packet has these bytes according to its length.
func (m *Mbuf) within(off, n int) bool {
	return off >= 0 && n >= 0 && off <= int(m.pktLen) && n <= int(m.pktLen)-off
}

// each calls f with each part of the n bytes from off on, and the index of the part in them.
// It reports false, and calls nothing, if the segments have fewer bytes than the length of the
// packet.
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
