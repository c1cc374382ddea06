package ethdev

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/header"
)

const (
	opPacketTypes    = "rte_eth_dev_get_supported_ptypes"
	opSetPacketTypes = "rte_eth_dev_set_ptypes"
)

// PacketTypes returns the packet types that the port recognizes in received packets, and stores in
// [mbuf.Mbuf.PacketType]. Each result is the type of one layer, or of several at once. The list is
// empty if the driver recognizes none; then mbuf.Mbuf.Parse finds the headers. The types can depend on the
// configuration: call PacketTypes when the port has started. mask selects layers, such as
// header.L3Mask|header.L4Mask, or header.AllLayers.
//
// Implements: rte_eth_dev_get_supported_ptypes
func (p *Port) PacketTypes(mask header.PacketType) (types []header.PacketType, err error) {
	err = p.do(opPacketTypes, func() error {
		list, errno := cgo.EthPtypes(p.id, uint32(mask))
		types = packetTypes(list)
		return driverError(errno)
	})
	return types, err
}

// SetPacketTypes restricts the packet types that the port recognizes to those of the layers in
// mask, and returns them. Some drivers are faster with fewer types, or with none: a mask of 0. Drivers
// without the choice keep all types, and SetPacketTypes returns none. Errors: dpdk.ErrInvalid
// for a mask with parts of a layer only; dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_set_ptypes
func (p *Port) SetPacketTypes(mask header.PacketType) (types []header.PacketType, err error) {
	for _, layer := range []header.PacketType{header.L2Mask, header.L3Mask, header.L4Mask, header.TunnelMask, header.InnerL2Mask, header.InnerL3Mask, header.InnerL4Mask} {
		if part := mask & layer; part != 0 && part != layer {
			return nil, p.invalid(opSetPacketTypes, "the mask %#x has a part of the layer %#x only: use header.L2Mask and its siblings", uint32(mask), uint32(layer))
		}
	}
	err = p.owned(opSetPacketTypes, func() error {
		list, errno := cgo.EthPtypesSet(p.id, uint32(mask))
		types = packetTypes(list)
		return driverError(errno)
	})
	return types, err
}

func packetTypes(list []uint32) (types []header.PacketType) {
	for _, t := range list {
		types = append(types, header.PacketType(t))
	}
	return types
}
