package mbuf

import (
	"fmt"
	"strings"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

const opValidate = "rte_validate_tx_offload"

// Port returns the port that received the packet, or [InvalidPort].
func (m *Mbuf) Port() uint16 {
	m.alive("Port")
	return m.port
}

// SetPort sets the value of [Mbuf.Port].
func (m *Mbuf) SetPort(port uint16) {
	m.alive("SetPort")
	m.port = port
}

// PacketType returns the types of the headers of the packet, as the port found them.
func (m *Mbuf) PacketType() PacketType {
	m.alive("PacketType")
	return m.packetType
}

// SetPacketType sets the value of [Mbuf.PacketType].
func (m *Mbuf) SetPacketType(p PacketType) {
	m.alive("SetPacketType")
	m.packetType = p
}

// RSSHash returns the hash by which the port chose the queue. It is valid if [Mbuf.Flags] has
// [RxRSSHash].
func (m *Mbuf) RSSHash() uint32 {
	m.alive("RSSHash")
	return m.rss
}

// SetRSSHash sets the value of [Mbuf.RSSHash], but not the flag.
func (m *Mbuf) SetRSSHash(hash uint32) {
	m.alive("SetRSSHash")
	m.rss = hash
}

// VLAN returns the VLAN tag (TCI, in the byte order of the CPU). It is the tag that the port
// removed, if the flags have [RxVLANStripped], or the tag to insert, with [TxVLAN].
func (m *Mbuf) VLAN() uint16 {
	m.alive("VLAN")
	return m.vlanTCI
}

// SetVLAN sets the value of [Mbuf.VLAN], but not the flag.
func (m *Mbuf) SetVLAN(tci uint16) {
	m.alive("SetVLAN")
	m.vlanTCI = tci
}

// OuterVLAN returns the outer one of two tags, with [RxQinQStripped] or [TxQinQ].
func (m *Mbuf) OuterVLAN() uint16 {
	m.alive("OuterVLAN")
	return m.vlanOuter
}

// SetOuterVLAN sets the value of [Mbuf.OuterVLAN], but not the flag.
func (m *Mbuf) SetOuterVLAN(tci uint16) {
	m.alive("SetOuterVLAN")
	m.vlanOuter = tci
}

// Private returns the area of [PoolConfig.PrivateSize] bytes that each mbuf has for the
// application. It belongs to the mbuf, and frees and allocations do not change it. The slice
// is valid as long as that of [Mbuf.Data].
//
// Implements: rte_mbuf_to_priv
func (m *Mbuf) Private() []byte {
	m.alive("Private")
	n := m.privSize
	if m.olFlags&Indirect != 0 {
		n = cgo.MbufPrivSize(m.raw()) // the field holds the size in the mbuf that owns the buffer
	}
	return m.behind(n)
}

// TxOffload is the lengths of the headers of a packet in bytes, for a port that computes
// checksums or segments the packet. With a tunnel, L2Len is the length from the end of the
// outer L3 header to the inner L3 header.
type TxOffload struct {
	L2Len, L3Len, L4Len    int
	SegmentSize            int // TSO: the largest payload of a segment
	OuterL3Len, OuterL2Len int
}

// TxOffload returns the lengths that were set.
func (m *Mbuf) TxOffload() TxOffload {
	m.alive("TxOffload")
	v := m.txOffload
	field := func(shift, bits int) int { return int(v >> shift & (1<<bits - 1)) }
	return TxOffload{
		L2Len:       field(cgo.MbufL2LenOfs, cgo.MbufL2LenBits),
		L3Len:       field(cgo.MbufL3LenOfs, cgo.MbufL3LenBits),
		L4Len:       field(cgo.MbufL4LenOfs, cgo.MbufL4LenBits),
		SegmentSize: field(cgo.MbufTSOSegszOfs, cgo.MbufTSOSegszBits),
		OuterL3Len:  field(cgo.MbufOuterL3LenOfs, cgo.MbufOuterL3LenBits),
		OuterL2Len:  field(cgo.MbufOuterL2LenOfs, cgo.MbufOuterL2LenBits),
	}
}

// SetTxOffload sets the lengths. The error is dpdk.ErrInvalid for a length that is negative or
// too long for DPDK: at most 127, 511, 255, 65,535, 511 and 127 in the order of the fields. If
// it fails, it changes nothing.
//
// Implements: rte_mbuf_tx_offload
func (m *Mbuf) SetTxOffload(o TxOffload) error {
	m.alive("SetTxOffload")
	if uint(o.L2Len) >= 1<<cgo.MbufL2LenBits || uint(o.L3Len) >= 1<<cgo.MbufL3LenBits ||
		uint(o.L4Len) >= 1<<cgo.MbufL4LenBits || uint(o.SegmentSize) >= 1<<cgo.MbufTSOSegszBits ||
		uint(o.OuterL3Len) >= 1<<cgo.MbufOuterL3LenBits || uint(o.OuterL2Len) >= 1<<cgo.MbufOuterL2LenBits {
		return o.tooLong()
	}
	m.txOffload = uint64(o.L2Len)<<cgo.MbufL2LenOfs | uint64(o.L3Len)<<cgo.MbufL3LenOfs |
		uint64(o.L4Len)<<cgo.MbufL4LenOfs | uint64(o.SegmentSize)<<cgo.MbufTSOSegszOfs |
		uint64(o.OuterL3Len)<<cgo.MbufOuterL3LenOfs | uint64(o.OuterL2Len)<<cgo.MbufOuterL2LenOfs
	return nil
}

func (o TxOffload) tooLong() error {
	var bad []string
	for _, f := range []struct {
		name     string
		n, limit int
	}{
		{"L2Len", o.L2Len, 1<<cgo.MbufL2LenBits - 1},
		{"L3Len", o.L3Len, 1<<cgo.MbufL3LenBits - 1},
		{"L4Len", o.L4Len, 1<<cgo.MbufL4LenBits - 1},
		{"SegmentSize", o.SegmentSize, 1<<cgo.MbufTSOSegszBits - 1},
		{"OuterL3Len", o.OuterL3Len, 1<<cgo.MbufOuterL3LenBits - 1},
		{"OuterL2Len", o.OuterL2Len, 1<<cgo.MbufOuterL2LenBits - 1},
	} {
		if f.n < 0 || f.n > f.limit {
			bad = append(bad, fmt.Sprintf("%s is %d: use 0 to %d", f.name, f.n, f.limit))
		}
	}
	return check.Invalid("rte_mbuf_tx_offload", "", "%s", strings.Join(bad, "; "))
}

// ValidateTx checks that the flags and [TxOffload] agree with each other. The error is
// dpdk.ErrInvalid, also for a nil m.
//
// Implements: rte_validate_tx_offload
func (m *Mbuf) ValidateTx() error {
	if m == nil {
		return check.Invalid(opValidate, "", "the packet is nil")
	}
	m.alive("ValidateTx")
	if errno := cgo.MbufValidateTx(m.raw()); errno != 0 {
		return &dpdk.Error{Op: opValidate, Errno: dpdk.Errno(errno), Detail: "the offload flags " + m.olFlags.String() + " exclude each other, or need TxOffload.SegmentSize"}
	}
	return nil
}
