package mbuf

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

// PacketType is the types of the headers of a packet: see [header.PacketType], which has the
// constants.
type PacketType = header.PacketType

// maxHeaders is the largest length of the headers of a packet in several segments for its checksum
// functions.
const maxHeaders = 256

// Parse finds the headers of the packet, over all its segments, as [header.Parse] does. It does
// not change the mbuf: see [Mbuf.SetHeaders]. For a packet in one segment, [header.Headers.Parse] of
// [Mbuf.Data] is faster.
//
// Implements: rte_net_get_ptype
func (m *Mbuf) Parse() (h header.Headers) {
	m.alive("Parse")
	if m.nbSegs <= 1 {
		h.Parse(m.bytes(int(m.dataOff), m.dataLen))
		return h
	}
	return header.ParseChunks(m.bytes(int(m.dataOff), m.dataLen), func(off int) (c header.Chunk) {
		if c.Len = max(0, min(len(c.Bytes), int(m.pktLen)-off)); !m.CopyTo(c.Bytes[:c.Len], off) {
			c.Len = 0
		}
		return c
	})
}

// SetHeaders sets [Mbuf.PacketType] and [Mbuf.TxOffload] from the headers of the packet, for a port
// that computes checksums or segments packets. In a tunnel the lengths are those of the outer and the
// inner headers, as such a port expects them. SetHeaders keeps SegmentSize, and sets no flags. The
// error is dpdk.ErrInvalid for headers that are too long for [Mbuf.SetTxOffload]; then nothing
// changes.
func (m *Mbuf) SetHeaders(h header.Headers) error {
	m.alive("SetHeaders")
	o := TxOffload{L2Len: int(h.L2Len), L3Len: int(h.L3Len), L4Len: int(h.L4Len), SegmentSize: m.TxOffload().SegmentSize}
	if h.Type&header.TunnelMask != 0 {
		o = TxOffload{OuterL2Len: o.L2Len, OuterL3Len: o.L3Len, L2Len: o.L4Len + int(h.TunnelLen) + int(h.InnerL2Len),
			L3Len: int(h.InnerL3Len), L4Len: int(h.InnerL4Len), SegmentSize: o.SegmentSize}
	}
	if err := m.SetTxOffload(o); err != nil {
		return err
	}
	m.packetType = h.Type
	return nil
}

// RawChecksum returns the sum of n bytes of the packet from off on, over all segments, as
// [header.RawChecksum] does. It reports false if the packet has fewer than off + n bytes, or off or
// n is negative.
//
// Implements: rte_raw_cksum_mbuf
func (m *Mbuf) RawChecksum(off, n int) (sum uint16, ok bool) {
	m.alive("RawChecksum")
	if !m.within(off, n) {
		return 0, false
	}
	if off+n <= int(m.dataLen) {
		return header.RawChecksum(m.bytes(int(m.dataOff)+off, uint16(n))), true
	}
	ok = each(m, off, n, func(at int, data []byte) { sum = header.CombineChecksums(sum, at, header.RawChecksum(data)) })
	return sum, ok
}

// VerifyChecksum checks the L4 checksum of the packet, over all segments. h is the result of
// [Mbuf.Parse]. See [header.Headers.VerifyChecksum]. If the packet has several segments, and
// headers longer than 256 bytes, it returns header.ChecksumNone.
//
// Implements: rte_ipv4_udptcp_cksum_mbuf_verify, rte_ipv6_udptcp_cksum_mbuf_verify
func (m *Mbuf) VerifyChecksum(h header.Headers) header.ChecksumState {
	m.alive("VerifyChecksum")
	if m.nbSegs <= 1 {
		return h.VerifyChecksum(m.bytes(int(m.dataOff), m.dataLen))
	}
	return m.checksum(&h, h.Type.IsTunnel(), false)
}

// CompleteChecksum finishes an unfinished L4 checksum of the packet, over all segments, and returns
// the state that it found. h is the result of [Mbuf.Parse]. See
// [header.Headers.CompleteChecksum]. If the packet has several segments, and headers longer than
// 256 bytes, it returns header.ChecksumNone. Clones of the packet share its bytes.
//
//	for _, m := range pkts { // from a veth interface
//		m.CompleteChecksum(m.Parse())
//	}
//
// Implements: rte_ipv4_udptcp_cksum_mbuf, rte_ipv6_udptcp_cksum_mbuf
func (m *Mbuf) CompleteChecksum(h header.Headers) header.ChecksumState {
	m.alive("CompleteChecksum")
	if m.nbSegs <= 1 {
		return h.CompleteChecksum(m.bytes(int(m.dataOff), m.dataLen))
	}
	inner := h.Type.IsTunnel()
	state := m.checksum(&h, inner, true)
	if inner {
		m.checksum(&h, false, true)
	}
	return state
}

// checksum is VerifyChecksum, or CompleteChecksum, of a packet of several segments.
func (m *Mbuf) checksum(h *header.Headers, inner, complete bool) header.ChecksumState {
	var scratch [maxHeaders]byte
	b, ok := m.Read(0, h.Len(), scratch[:])
	if !ok {
		return header.ChecksumNone
	}
	d, ok := h.Digest(b, int(m.pktLen), inner)
	if !ok || !each(m, d.Start, d.End-d.Start, func(_ int, data []byte) { d.Write(data) }) {
		return header.ChecksumNone
	}
	state := d.State()
	if complete && state == header.ChecksumPartial {
		var field [4]byte
		n := d.Put(field[:])
		m.CopyFrom(field[:n], d.Start+d.Field)
	}
	return state
}

// StripVLAN removes the outermost VLAN tag from the data, if the packet has one with the EtherType
// 0x8100 in its first segment. It stores the tag in [Mbuf.VLAN], sets [RxVLAN] and
// [RxVLANStripped], and reports true.
//
// Implements: rte_vlan_strip
func (m *Mbuf) StripVLAN() bool {
	m.alive("StripVLAN")
	e, rest, ok := header.ParseEthernet(m.bytes(int(m.dataOff), m.dataLen))
	if !ok || e.Type() != header.EtherTypeVLAN {
		return false
	}
	v, _, ok := header.ParseVLAN(rest)
	if !ok {
		return false
	}
	m.vlanTCI = v.TCI()
	m.olFlags |= RxVLAN | RxVLANStripped
	addresses := [12]byte(e)
	m.dataOff += header.VLANLen
	m.dataLen -= header.VLANLen
	m.pktLen -= header.VLANLen
	copy(m.bytes(int(m.dataOff), m.dataLen), addresses[:])
	return true
}

// InsertVLAN inserts the tag [Mbuf.VLAN] behind the Ethernet addresses, and clears
// [RxVLANStripped] and [TxVLAN]. It adds the length of the tag to the length of the outermost L2
// header in [Mbuf.TxOffload]. It reports false, and changes nothing, if the first segment is shared
// (see [Mbuf.Shared]), has less than 12 bytes, or has no headroom for 4 more.
//
// Implements: rte_vlan_insert
func (m *Mbuf) InsertVLAN() bool {
	m.alive("InsertVLAN")
	if m.shared() || m.dataLen < 12 {
		return false
	}
	before := m.txOffload
	o := m.TxOffload()
	if m.olFlags&TxTunnelMask != 0 {
		o.OuterL2Len += header.VLANLen
	} else {
		o.L2Len += header.VLANLen
	}
	if m.SetTxOffload(o) != nil {
		return false
	}
	addresses := [12]byte(m.bytes(int(m.dataOff), m.dataLen))
	if _, ok := m.Prepend(header.VLANLen); !ok {
		m.txOffload = before
		return false
	}
	b := m.bytes(int(m.dataOff), m.dataLen)
	copy(b, addresses[:])
	header.Ethernet(b).SetType(header.EtherTypeVLAN)
	header.VLAN(b[header.EthernetLen:]).SetTCI(m.vlanTCI)
	m.olFlags &^= RxVLANStripped | TxVLAN
	return true
}

// FlowMark returns the mark that a flow rule gave to the packet (the action MARK). ok is false if
// the flags do not have [RxFDIRID].
func (m *Mbuf) FlowMark() (mark uint32, ok bool) {
	m.alive("FlowMark")
	return m.hashHi, m.olFlags&RxFDIRID != 0
}

// SetFlowMark sets the value of [Mbuf.FlowMark], and the flags [RxFDIR] and [RxFDIRID].
func (m *Mbuf) SetFlowMark(mark uint32) {
	m.alive("SetFlowMark")
	m.hashHi = mark
	m.olFlags |= RxFDIR | RxFDIRID
}

// Pool returns the pool that the mbuf goes back to. It looks the pool up, as [LookupPool] does,
// with the same errors: it is not for the data path.
//
// Implements: rte_mempool_from_obj
func (m *Mbuf) Pool() (*Pool, error) {
	if m != nil {
		m.alive("Pool")
	}
	return open(mempool.ByObject(*(*mempool.Object)(unsafe.Pointer(&m))))
}
