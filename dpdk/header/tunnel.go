package header

// GREMinLen is the length of a GRE header without optional fields.
const GREMinLen = 4

// GRE is a GRE header with its optional fields (RFC 2784, RFC 2890).
type GRE []byte

// greLen returns the length of a GRE header by its first two bytes. It is 0 for a header of
// another version, or with the routing field of RFC 1701.
func greLen(b0, b1 byte) int {
	if b0&0x40 != 0 || b1&7 != 0 {
		return 0
	}
	return GREMinLen + int(b0>>7&1+b0>>5&1+b0>>4&1)*4
}

// ParseGRE returns the GRE header at the start of b, and the bytes behind it. ok is false if b is
// too short, or the header is not one of version 0 without routing.
func ParseGRE(b []byte) (g GRE, payload []byte, ok bool) {
	if len(b) < GREMinLen {
		return nil, nil, false
	}
	n := greLen(b[0], b[1])
	if n == 0 || n > len(b) {
		return nil, nil, false
	}
	return GRE(b[:n:n]), b[n:], true
}

// Len returns the length of the header in bytes, or 0 if [ParseGRE] refuses it.
func (g GRE) Len() int { return greLen(g[0], g[1]) }

// Type returns the type of the payload.
func (g GRE) Type() EtherType { return EtherType(be.Uint16(g[2:4])) }

// SetType sets the type of the payload.
func (g GRE) SetType(t EtherType) { be.PutUint16(g[2:4], uint16(t)) }

// SetFields sets which optional fields the header has. They follow the first 4 bytes in this
// order, with 4 bytes each.
func (g GRE) SetFields(checksum, key, sequence bool) {
	g[0] = setBit(setBit(setBit(0, 0x80, checksum), 0x20, key), 0x10, sequence)
	g[1] = 0
}

// Checksum returns the checksum of the header and the payload, if the header has one.
func (g GRE) Checksum() (sum uint16, ok bool) {
	if g[0]&0x80 == 0 {
		return 0, false
	}
	return be.Uint16(g[4:6]), true
}

// field returns the offset of the field with this bit.
func (g GRE) field(bit byte) (at int, ok bool) {
	at = GREMinLen + int(g[0]>>7)*4
	if bit == 0x10 {
		at += int(g[0]>>5&1) * 4
	}
	return at, g[0]&bit != 0
}

// Key returns the key, if the header has one. NVGRE has the ID of the virtual network in its
// upper 24 bits.
func (g GRE) Key() (key uint32, ok bool) {
	at, ok := g.field(0x20)
	if !ok {
		return 0, false
	}
	return be.Uint32(g[at : at+4]), true
}

// SetKey sets the key. The header must have one: see [GRE.SetFields].
func (g GRE) SetKey(key uint32) {
	at, _ := g.field(0x20)
	be.PutUint32(g[at:at+4], key)
}

// Sequence returns the sequence number, if the header has one.
func (g GRE) Sequence() (n uint32, ok bool) {
	at, ok := g.field(0x10)
	if !ok {
		return 0, false
	}
	return be.Uint32(g[at : at+4]), true
}

// SetSequence sets the sequence number. The header must have one: see [GRE.SetFields].
func (g GRE) SetSequence(n uint32) {
	at, _ := g.field(0x10)
	be.PutUint32(g[at:at+4], n)
}

// UDP ports of tunnels.
const (
	PortGTPC      = 2123
	PortGTPU      = 2152
	PortVXLAN     = 4789
	PortVXLANGPE  = 4790
	PortGeneve    = 6081
	PortMPLSInUDP = 6635
)

// VXLANLen is the length of a VXLAN header.
const VXLANLen = 8

// VXLAN is a VXLAN header. An Ethernet frame follows it.
type VXLAN []byte

// ParseVXLAN returns the VXLAN header at the start of b, and the frame behind it. ok is false if b
// is too short, or the header has no network identifier.
func ParseVXLAN(b []byte) (v VXLAN, frame []byte, ok bool) {
	if len(b) < VXLANLen || b[0]&8 == 0 {
		return nil, nil, false
	}
	return VXLAN(b[:VXLANLen:VXLANLen]), b[VXLANLen:], true
}

// Init sets the network identifier and the flag that it is valid, and clears all other fields.
func (v VXLAN) Init(vni uint32) {
	be.PutUint64(v[:VXLANLen], 8<<56|uint64(vni&0xffffff)<<8)
}

// VNI returns the network identifier, 24 bits.
func (v VXLAN) VNI() uint32 { return be.Uint32(v[4:8]) >> 8 }

// SetVNI sets the network identifier.
func (v VXLAN) SetVNI(vni uint32) { be.PutUint32(v[4:8], vni<<8|uint32(v[7])) }

// Flags returns the flags, of which 8 means that the network identifier is valid.
func (v VXLAN) Flags() uint8 { return v[0] }

// SetFlags sets the flags.
func (v VXLAN) SetFlags(f uint8) { v[0] = f }

// GeneveMinLen is the length of a Geneve header without options.
const GeneveMinLen = 8

// Geneve is a Geneve header with its options (RFC 8926).
type Geneve []byte

// ParseGeneve returns the Geneve header at the start of b, and the bytes behind it. ok is false if b
// is too short, or the header has another version than 0.
func ParseGeneve(b []byte) (g Geneve, payload []byte, ok bool) {
	if len(b) < GeneveMinLen || b[0]>>6 != 0 {
		return nil, nil, false
	}
	n := GeneveMinLen + int(b[0]&63)*4
	if n > len(b) {
		return nil, nil, false
	}
	return Geneve(b[:n:n]), b[n:], true
}

// Len returns the length of the header in bytes, options included.
func (g Geneve) Len() int { return GeneveMinLen + int(g[0]&63)*4 }

// Options returns the options.
func (g Geneve) Options() []byte { return g[GeneveMinLen:g.Len()] }

// Type returns the type of the payload; [EtherTypeTEB] is an Ethernet frame.
func (g Geneve) Type() EtherType { return EtherType(be.Uint16(g[2:4])) }

// SetType sets the type of the payload.
func (g Geneve) SetType(t EtherType) { be.PutUint16(g[2:4], uint16(t)) }

// VNI returns the network identifier, 24 bits.
func (g Geneve) VNI() uint32 { return be.Uint32(g[4:8]) >> 8 }

// SetVNI sets the network identifier.
func (g Geneve) SetVNI(vni uint32) { be.PutUint32(g[4:8], vni<<8|uint32(g[7])) }

// MPLSLen is the length of an entry of an MPLS label stack.
const MPLSLen = 4

// MPLS is an entry of an MPLS label stack.
type MPLS []byte

// ParseMPLS returns the label stack entry at the start of b, and the bytes behind it: another
// entry, unless [MPLS.Bottom] is true. ok is false if b is too short.
func ParseMPLS(b []byte) (m MPLS, rest []byte, ok bool) {
	if len(b) < MPLSLen {
		return nil, nil, false
	}
	return MPLS(b[:MPLSLen:MPLSLen]), b[MPLSLen:], true
}

// Label returns the label, 20 bits.
func (m MPLS) Label() uint32 { return be.Uint32(m[0:4]) >> 12 }

// SetLabel sets the label.
func (m MPLS) SetLabel(l uint32) { be.PutUint32(m[0:4], l<<12|be.Uint32(m[0:4])&0xfff) }

// TrafficClass returns the traffic class, 0 to 7.
func (m MPLS) TrafficClass() uint8 { return m[2] >> 1 & 7 }

// SetTrafficClass sets the traffic class.
func (m MPLS) SetTrafficClass(c uint8) { m[2] = m[2]&^0xe | c&7<<1 }

// Bottom reports whether the entry is the last one of the stack.
func (m MPLS) Bottom() bool { return m[2]&1 != 0 }

// SetBottom sets whether the entry is the last one of the stack.
func (m MPLS) SetBottom(on bool) { m[2] = setBit(m[2], 1, on) }

// TTL returns the time to live.
func (m MPLS) TTL() uint8 { return m[3] }

// SetTTL sets the time to live.
func (m MPLS) SetTTL(ttl uint8) { m[3] = ttl }
