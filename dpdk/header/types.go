package header

import "strings"

// PacketType is the types of the headers of a packet: the RTE_PTYPE_ bits of rte_mbuf_ptype.h.
// Each layer is a number under the mask of the layer, not a set of flags. Compare it under the
// mask:
//
//	t&header.L4Mask == header.L4UDP
//
// The zero value means that the types are unknown.
type PacketType uint32

// Masks of the layers.
const (
	L2Mask      PacketType = 0x0000000f
	L3Mask      PacketType = 0x000000f0
	L4Mask      PacketType = 0x00000f00
	TunnelMask  PacketType = 0x0000f000
	InnerL2Mask PacketType = 0x000f0000
	InnerL3Mask PacketType = 0x00f00000
	InnerL4Mask PacketType = 0x0f000000
	AllLayers   PacketType = 0x0fffffff
)

// Types of the layers of a packet.
const (
	L2Ether         PacketType = 0x1
	L2EtherTimesync PacketType = 0x2 // PTP, IEEE 1588
	L2EtherARP      PacketType = 0x3
	L2EtherLLDP     PacketType = 0x4
	L2EtherNSH      PacketType = 0x5
	L2EtherVLAN     PacketType = 0x6
	L2EtherQinQ     PacketType = 0x7
	L2EtherPPPoE    PacketType = 0x8
	L2EtherFCoE     PacketType = 0x9
	L2EtherMPLS     PacketType = 0xa

	// The numbers of L3 are such that IsIPv4 and IsIPv6 are one test of a bit.
	L3IPv4           PacketType = 0x10
	L3IPv4Ext        PacketType = 0x30 // with options
	L3IPv6           PacketType = 0x40
	L3IPv4ExtUnknown PacketType = 0x90 // with or without options
	L3IPv6Ext        PacketType = 0xc0 // with extension headers
	L3IPv6ExtUnknown PacketType = 0xe0 // with or without extension headers

	L4TCP     PacketType = 0x100
	L4UDP     PacketType = 0x200
	L4Frag    PacketType = 0x300 // a fragment of an IP packet, the first one included
	L4SCTP    PacketType = 0x400
	L4ICMP    PacketType = 0x500
	L4NonFrag PacketType = 0x600 // not a fragment, and none of the others
	L4IGMP    PacketType = 0x700
	L4ESP     PacketType = 0x800 // a name of DPDK since 24.11

	TunnelIP        PacketType = 0x1000
	TunnelGRE       PacketType = 0x2000
	TunnelVXLAN     PacketType = 0x3000
	TunnelNVGRE     PacketType = 0x4000 // GRE with an Ethernet frame
	TunnelGeneve    PacketType = 0x5000
	TunnelGRENAT    PacketType = 0x6000
	TunnelGTPC      PacketType = 0x7000
	TunnelGTPU      PacketType = 0x8000
	TunnelESP       PacketType = 0x9000
	TunnelL2TP      PacketType = 0xa000
	TunnelVXLANGPE  PacketType = 0xb000
	TunnelMPLSInGRE PacketType = 0xc000
	TunnelMPLSInUDP PacketType = 0xd000

	InnerL2Ether     PacketType = 0x10000
	InnerL2EtherVLAN PacketType = 0x20000
	InnerL2EtherQinQ PacketType = 0x30000

	InnerL3IPv4           PacketType = 0x100000
	InnerL3IPv4Ext        PacketType = 0x200000
	InnerL3IPv6           PacketType = 0x300000
	InnerL3IPv4ExtUnknown PacketType = 0x400000
	InnerL3IPv6Ext        PacketType = 0x500000
	InnerL3IPv6ExtUnknown PacketType = 0x600000

	InnerL4TCP     PacketType = 0x1000000
	InnerL4UDP     PacketType = 0x2000000
	InnerL4Frag    PacketType = 0x3000000
	InnerL4SCTP    PacketType = 0x4000000
	InnerL4ICMP    PacketType = 0x5000000
	InnerL4NonFrag PacketType = 0x6000000
	InnerL4ESP     PacketType = 0x8000000 // a name of DPDK since 24.11
)

// IsIPv4 reports whether the outer L3 header is IPv4.
func (t PacketType) IsIPv4() bool { return t&L3IPv4 != 0 }

// IsIPv6 reports whether the outer L3 header is IPv6.
func (t PacketType) IsIPv6() bool { return t&L3IPv6 != 0 }

// IsTunnel reports whether the packet has a tunnel header or inner headers.
func (t PacketType) IsTunnel() bool {
	return t&(TunnelMask|InnerL2Mask|InnerL3Mask|InnerL4Mask) != 0
}

// layers are the layers of a PacketType in DPDK's names. A number without a name is unknown.
var layers = [...]struct {
	name  string
	shift uint
	types [16]string
}{
	{"L2", 0, [16]string{1: "ETHER", "ETHER_TIMESYNC", "ETHER_ARP", "ETHER_LLDP", "ETHER_NSH", "ETHER_VLAN", "ETHER_QINQ", "ETHER_PPPOE", "ETHER_FCOE", "ETHER_MPLS"}},
	{"L3", 4, [16]string{1: "IPV4", 3: "IPV4_EXT", 4: "IPV6", 9: "IPV4_EXT_UNKNOWN", 12: "IPV6_EXT", 14: "IPV6_EXT_UNKNOWN"}},
	{"L4", 8, [16]string{1: "TCP", "UDP", "FRAG", "SCTP", "ICMP", "NONFRAG", "IGMP", "ESP"}},
	{"TUNNEL", 12, [16]string{1: "IP", "GRE", "VXLAN", "NVGRE", "GENEVE", "GRENAT", "GTPC", "GTPU", "ESP", "L2TP", "VXLAN_GPE", "MPLS_IN_GRE", "MPLS_IN_UDP"}},
	{"INNER_L2", 16, [16]string{1: "ETHER", "ETHER_VLAN", "ETHER_QINQ"}},
	{"INNER_L3", 20, [16]string{1: "IPV4", "IPV4_EXT", "IPV6", "IPV4_EXT_UNKNOWN", "IPV6_EXT", "IPV6_EXT_UNKNOWN"}},
	{"INNER_L4", 24, [16]string{1: "TCP", "UDP", "FRAG", "SCTP", "ICMP", "NONFRAG", 8: "ESP"}},
}

// String returns the names of the types in DPDK, one for each layer, such as
// "L2_ETHER L3_IPV4 L4_TCP".
//
// Implements: rte_get_ptype_name, rte_get_ptype_l2_name, rte_get_ptype_l3_name, rte_get_ptype_l4_name,
// rte_get_ptype_tunnel_name, rte_get_ptype_inner_l2_name, rte_get_ptype_inner_l3_name, rte_get_ptype_inner_l4_name
func (t PacketType) String() string {
	var names []string
	for _, l := range layers {
		n := t >> l.shift & 15
		if n == 0 {
			continue
		}
		name := l.types[n]
		if name == "" {
			name = "UNKNOWN"
		}
		names = append(names, l.name+"_"+name)
	}
	if names == nil {
		return "UNKNOWN"
	}
	return strings.Join(names, " ")
}
