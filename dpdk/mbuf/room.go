package mbuf

import "math"

// Append adds n bytes after the data of the last segment of the packet. It returns them to be
// written; they are not cleared. If that segment does not have room for all of them, or n is
// negative, it reports false and changes nothing. [Mbuf.Writer] adds segments. The slice is
// valid as long as that of [Mbuf.Data].
//
// Implements: rte_pktmbuf_append
func (m *Mbuf) Append(n int) (added []byte, ok bool) {
	m.alive("Append")
	last := m.last()
	if n < 0 || n > last.tailroom() || uint64(n) > math.MaxUint32-uint64(m.pktLen) {
		return nil, false
	}
	off := int(last.dataOff) + int(last.dataLen)
	last.dataLen += uint16(n)
	m.pktLen += uint32(n)
	return last.bytes(off, uint16(n)), true
}

// AppendBytes appends a copy of all of p as [Mbuf.Append] does, or nothing. It reports whether
// it did.
func (m *Mbuf) AppendBytes(p []byte) bool {
	m.alive("AppendBytes")
	b, ok := m.Append(len(p))
	copy(b, p)
	return ok
}

// Prepend adds n bytes before the data of the packet. It returns them to be written; they are
// not cleared. If the headroom is smaller, or n is negative, it reports false and changes
// nothing.
//
// Implements: rte_pktmbuf_prepend
func (m *Mbuf) Prepend(n int) (added []byte, ok bool) {
	m.alive("Prepend")
	if n < 0 || n > int(m.dataOff) || n > math.MaxUint16-int(m.dataLen) || uint64(n) > math.MaxUint32-uint64(m.pktLen) {
		return nil, false
	}
	m.dataOff -= uint16(n)
	m.dataLen += uint16(n)
	m.pktLen += uint32(n)
	return m.bytes(int(m.dataOff), uint16(n)), true
}

// Adj removes n bytes from the start of the packet. If the first segment has fewer, or n is
// negative, it reports false and changes nothing.
//
// Implements: rte_pktmbuf_adj
func (m *Mbuf) Adj(n int) bool {
	m.alive("Adj")
	if n < 0 || n > int(m.dataLen) {
		return false
	}
	m.dataOff += uint16(n)
	m.dataLen -= uint16(n)
	m.pktLen -= uint32(n)
	return true
}

// Trim removes n bytes from the end of the packet. If the last segment has fewer, or n is
// negative, it reports false and changes nothing.
//
// Implements: rte_pktmbuf_trim
func (m *Mbuf) Trim(n int) bool {
	m.alive("Trim")
	last := m.last()
	if n < 0 || n > int(last.dataLen) {
		return false
	}
	last.dataLen -= uint16(n)
	m.pktLen -= uint32(n)
	return true
}
