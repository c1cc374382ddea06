package flow

import (
	c "github.com/godpdk/godpdk/cgo/flow"
)

// VXLANEncap puts headers in front of the packet, such as Eth, IPv4, UDP and VXLAN. All their fields
// must be values, as of [Is]. In the text of a rule they are a pattern behind the word "definition",
// which dpdk-testpmd does not know.
type VXLANEncap struct {
	Headers []Item
}

func (a VXLANEncap) act() shape { return a.shape() }

func (a *VXLANEncap) shape() shape {
	return shape{name: "vxlan_encap", typ: c.ActionVXLANEncap, size: c.ActionVXLANEncapSize, params: []param{
		{"definition", network(c.ActionVXLANEncapDefinition, 8), headers{&a.Headers}},
	}}
}

// RawEncap puts bytes in front of the packet. In the text of a rule they are hexadecimal, which
// dpdk-testpmd does not know.
type RawEncap struct {
	Data     []byte
	Preserve []byte // bits of Data that the device must not change; nil is none
}

func (a RawEncap) act() shape { return a.shape() }

func (a *RawEncap) shape() shape {
	return shape{name: "raw_encap", typ: c.ActionRawEncap, size: c.ActionRawEncapSize, params: []param{
		{"data_hex", network(c.ActionRawEncapData, 8), hexBytes{&a.Data}},
		{"size", host(c.ActionRawEncapLength, 8), rawLength{&a.Data, &a.Preserve}},
		{"preserve_hex", network(c.ActionRawEncapPreserve, 8), hexBytes{&a.Preserve}},
	}}
}

// RawDecap removes headers with the length of Data from the packet. In the text of a rule Data is
// hexadecimal, which dpdk-testpmd does not know.
type RawDecap struct {
	Data []byte // headers like those to remove
}

func (a RawDecap) act() shape { return a.shape() }

func (a *RawDecap) shape() shape {
	return shape{name: "raw_decap", typ: c.ActionRawDecap, size: c.ActionRawDecapSize, params: []param{
		{"data_hex", network(c.ActionRawDecapData, 8), hexBytes{&a.Data}},
		{"size", host(c.ActionRawDecapLength, 8), rawLength{&a.Data, nil}},
	}}
}
