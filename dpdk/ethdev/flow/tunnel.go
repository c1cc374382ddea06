package flow

import (
	c "github.com/godpdk/godpdk/cgo/flow"
)

// VXLAN matches a VXLAN header.
type VXLAN struct {
	VNI          Match[int] // 24 bits
	Flags        Match[int] // the first byte
	LastReserved Match[int] // the last byte
}

func (i VXLAN) item() shape { return i.shape() }

func (i *VXLAN) shape() shape {
	return shape{name: "vxlan", typ: c.ItemVXLAN, size: c.ItemVXLANSize, fields: []field{
		{"vni", network(c.ItemVXLANVNI, 3), &i.VNI},
		{"flags", network(c.ItemVXLANFlags, 1), &i.Flags},
		{"last_rsvd", network(c.ItemVXLANLastRsvd, 1), &i.LastReserved},
	}}
}

// VXLANGPE matches a VXLAN-GPE header.
type VXLANGPE struct {
	VNI      Match[int] // 24 bits
	Protocol Match[int]
}

func (i VXLANGPE) item() shape { return i.shape() }

func (i *VXLANGPE) shape() shape {
	return shape{name: "vxlan-gpe", typ: c.ItemVXLANGPE, size: c.ItemVXLANGPESize, fields: []field{
		{"vni", network(c.ItemVXLANGPEVNI, 3), &i.VNI},
		{"protocol", network(c.ItemVXLANGPEProtocol, 1), &i.Protocol},
	}}
}

// GRE matches a GRE header. Flags is the 16 bits that Checksum, Key and Sequence are parts of: set it
// or the parts.
type GRE struct {
	Protocol Match[int] // EtherType
	Flags    Match[int]
	Checksum Match[bool] // the header has a checksum
	Key      Match[bool] // the header has a key
	Sequence Match[bool] // the header has a sequence number
}

func (i GRE) item() shape { return i.shape() }

func (i *GRE) shape() shape {
	return shape{name: "gre", typ: c.ItemGRE, size: c.ItemGRESize, fields: []field{
		{"protocol", network(c.ItemGREProtocol, 2), &i.Protocol},
		{"c_rsvd0_ver", network(c.ItemGREFlags, 2), &i.Flags},
		{"c_bit", part(c.ItemGREFlags, 2, 15, 1), &i.Checksum},
		{"k_bit", part(c.ItemGREFlags, 2, 13, 1), &i.Key},
		{"s_bit", part(c.ItemGREFlags, 2, 12, 1), &i.Sequence},
	}}
}

// GREKey matches the key of a GRE header, behind an item [GRE].
type GREKey struct {
	Value Match[int]
}

func (i GREKey) item() shape { return i.shape() }

func (i *GREKey) shape() shape {
	return shape{name: "gre_key", typ: c.ItemGREKey, size: 4, fields: []field{
		{"value", network(0, 4), &i.Value},
	}}
}

// NVGRE matches an NVGRE header.
type NVGRE struct {
	TNI    Match[int] // virtual subnet, 24 bits
	FlowID Match[int]
}

func (i NVGRE) item() shape { return i.shape() }

func (i *NVGRE) shape() shape {
	return shape{name: "nvgre", typ: c.ItemNVGRE, size: c.ItemNVGRESize, fields: []field{
		{"tni", network(c.ItemNVGRETNI, 3), &i.TNI},
		{"flow_id", network(c.ItemNVGREFlowID, 1), &i.FlowID},
	}}
}

// Geneve matches a Geneve header.
type Geneve struct {
	VNI           Match[int] // 24 bits
	Protocol      Match[int] // EtherType
	OptionsLength Match[int] // in words of 4 bytes
}

func (i Geneve) item() shape { return i.shape() }

func (i *Geneve) shape() shape {
	return shape{name: "geneve", typ: c.ItemGeneve, size: c.ItemGeneveSize, fields: []field{
		{"vni", network(c.ItemGeneveVNI, 3), &i.VNI},
		{"protocol", network(c.ItemGeneveProtocol, 2), &i.Protocol},
		{"optlen", part(c.ItemGeneveFlags, 2, 8, 6), &i.OptionsLength},
	}}
}

// GTP matches a GTP header.
type GTP struct {
	TEID        Match[int] // tunnel
	MessageType Match[int]
	Flags       Match[int] // the first byte
}

func (i GTP) item() shape { return i.shape() }

func (i *GTP) shape() shape {
	return shape{name: "gtp", typ: c.ItemGTP, size: c.ItemGTPSize, fields: []field{
		{"teid", network(c.ItemGTPTEID, 4), &i.TEID},
		{"msg_type", network(c.ItemGTPMsgType, 1), &i.MessageType},
		{"v_pt_rsv_flags", network(c.ItemGTPFlags, 1), &i.Flags},
	}}
}

// GTPC matches a GTP-C header.
type GTPC struct {
	TEID        Match[int] // tunnel
	MessageType Match[int]
	Flags       Match[int] // the first byte
}

func (i GTPC) item() shape { return i.shape() }

func (i *GTPC) shape() shape {
	return shape{name: "gtpc", typ: c.ItemGTPC, size: c.ItemGTPSize, fields: []field{
		{"teid", network(c.ItemGTPTEID, 4), &i.TEID},
		{"msg_type", network(c.ItemGTPMsgType, 1), &i.MessageType},
		{"v_pt_rsv_flags", network(c.ItemGTPFlags, 1), &i.Flags},
	}}
}

// GTPU matches a GTP-U header.
type GTPU struct {
	TEID        Match[int] // tunnel
	MessageType Match[int]
	Flags       Match[int] // the first byte
}

func (i GTPU) item() shape { return i.shape() }

func (i *GTPU) shape() shape {
	return shape{name: "gtpu", typ: c.ItemGTPU, size: c.ItemGTPSize, fields: []field{
		{"teid", network(c.ItemGTPTEID, 4), &i.TEID},
		{"msg_type", network(c.ItemGTPMsgType, 1), &i.MessageType},
		{"v_pt_rsv_flags", network(c.ItemGTPFlags, 1), &i.Flags},
	}}
}

// GTPSession matches the extension header "PDU session container" of GTP.
type GTPSession struct {
	QFI     Match[int] // QoS flow, 6 bits
	PDUType Match[int] // 4 bits
}

func (i GTPSession) item() shape { return i.shape() }

func (i *GTPSession) shape() shape {
	return shape{name: "gtp_psc", typ: c.ItemGTPPSC, size: c.ItemGTPPSCSize, fields: []field{
		{"qfi", bitField(c.GTPPSCQFI, 6), &i.QFI},
		{"pdu_t", bitField(c.GTPPSCType, 4), &i.PDUType},
	}}
}
