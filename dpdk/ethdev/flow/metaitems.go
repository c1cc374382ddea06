package flow

import (
	c "github.com/godpdk/godpdk/cgo/flow"
)

// Any matches any protocol in place of a layer, or of several.
type Any struct {
	Layers Match[int] // number of layers
}

func (i Any) item() shape { return i.shape() }

func (i *Any) shape() shape {
	return shape{name: "any", typ: c.ItemAny, size: c.ItemAnySize, fields: []field{
		{"num", host(c.ItemAnyNum, 4), &i.Layers},
	}}
}

// Fuzzy allows the driver to match the pattern less exactly.
type Fuzzy struct {
	Threshold Match[int] // 0 is exact
}

func (i Fuzzy) item() shape { return i.shape() }

func (i *Fuzzy) shape() shape {
	return shape{name: "fuzzy", typ: c.ItemFuzzy, size: c.ItemFuzzySize, fields: []field{
		{"thresh", host(c.ItemFuzzyThresh, 4), &i.Threshold},
	}}
}

// Mark matches packets that the action [SetMark] of an earlier group has marked.
type Mark struct {
	ID Match[int]
}

func (i Mark) item() shape { return i.shape() }

func (i *Mark) shape() shape {
	return shape{name: "mark", typ: c.ItemMark, size: c.ItemMarkSize, fields: []field{
		{"id", host(c.ItemMarkID, 4), &i.ID},
	}}
}

// Meta matches the metadata of a packet: see [Metadata].
type Meta struct {
	Data Match[int]
}

func (i Meta) item() shape { return i.shape() }

func (i *Meta) shape() shape {
	return shape{name: "meta", typ: c.ItemMeta, size: c.ItemMetaSize, fields: []field{
		{"data", host(c.ItemMetaData, 4), &i.Data},
	}}
}

// Tag matches a value that the action [SetTag] has set.
type Tag struct {
	Data  Match[int]
	Index Match[int]
}

func (i Tag) item() shape { return i.shape() }

func (i *Tag) shape() shape {
	return shape{name: "tag", typ: c.ItemTag, size: c.ItemTagSize, fields: []field{
		{"data", host(c.ItemTagData, 4), &i.Data},
		{"index", host(c.ItemTagIndex, 1), &i.Index},
	}}
}

// PortID matches packets of a port, by its number. It is deprecated in DPDK: use [RepresentedPort] or
// [PortRepresentor].
type PortID struct {
	ID Match[int]
}

func (i PortID) item() shape { return i.shape() }

func (i *PortID) shape() shape {
	return shape{name: "port_id", typ: c.ItemPortID, size: c.ItemPortIDSize, fields: []field{
		{"id", host(c.ItemPortIDID, 4), &i.ID},
	}}
}

// PortRepresentor matches packets that a port of DPDK sends into the embedded switch.
type PortRepresentor struct {
	Port Match[int] // [ethdev.Port.ID]
}

func (i PortRepresentor) item() shape { return i.shape() }

func (i *PortRepresentor) shape() shape {
	return shape{name: "port_representor", typ: c.ItemPortRepresentor, size: c.ItemEthdevSize, fields: []field{
		{"port_id", host(c.ItemEthdevPort, 2), &i.Port},
	}}
}

// RepresentedPort matches packets that enter the embedded switch from what a port of DPDK represents,
// such as a VF or the network.
type RepresentedPort struct {
	Port Match[int] // [ethdev.Port.ID]
}

func (i RepresentedPort) item() shape { return i.shape() }

func (i *RepresentedPort) shape() shape {
	return shape{name: "represented_port", typ: c.ItemEthdev, size: c.ItemEthdevSize, fields: []field{
		{"ethdev_port_id", host(c.ItemEthdevPort, 2), &i.Port},
	}}
}

// Void is a placeholder, which drivers ignore.
type Void struct{}

func (i Void) item() shape { return i.shape() }

func (i *Void) shape() shape { return shape{name: "void", typ: c.ItemVoid} }

// Invert makes the pattern match the packets that it would not match otherwise.
type Invert struct{}

func (i Invert) item() shape { return i.shape() }

func (i *Invert) shape() shape { return shape{name: "invert", typ: c.ItemInvert} }
