package mbuf

import "math"

// Append adds n bytes behind the packet's last segment and returns them, not
// cleared, to be written (rte_pktmbuf_append). Without room for all of them in
// that segment, or with a negative n, it reports false and nothing has changed.
// Writer adds segments. The bytes are a view as Data's is.
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

// AppendBytes adds a copy of all of p as Append does, or nothing.
func (m *Mbuf) AppendBytes(p []byte) bool {
	m.alive("AppendBytes")
	b, ok := m.Append(len(p))
	copy(b, p)
	return ok
}

// Prepend adds n bytes before the packet's data and returns them, not cleared,
// to be written (rte_pktmbuf_prepend). With a headroom of less, or with a
// negative n, it reports false and nothing has changed.
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

// Adj removes n bytes from the packet's start (rte_pktmbuf_adj). If its first
// segment has less, or with a negative n, it reports false and nothing has
// changed.
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

// Trim removes n bytes from the packet's end (rte_pktmbuf_trim). If its last
// segment has less, or with a negative n, it reports false and nothing has
// changed.
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
