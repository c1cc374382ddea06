package flow

import (
	"net/netip"

	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk/header"
)

// Eth matches an Ethernet header.
type Eth struct {
	Dst     Match[header.MAC]
	Src     Match[header.MAC]
	Type    Match[int]  // EtherType, such as header.EtherTypeIPv4
	HasVLAN Match[bool] // one or more VLAN tags follow
}

func (i Eth) item() shape { return i.shape() }

func (i *Eth) shape() shape {
	return shape{name: "eth", typ: c.ItemEth, size: c.ItemEthSize, fields: []field{
		{"dst", network(c.ItemEthDst, 6), &i.Dst},
		{"src", network(c.ItemEthSrc, 6), &i.Src},
		{"type", network(c.ItemEthType, 2), &i.Type},
		{"has_vlan", bitField(c.EthHasVLAN, 1), &i.HasVLAN},
	}}
}

// VLAN matches a VLAN tag. TCI is the 16 bits that PCP, DEI and VID are parts of: set it or the parts.
type VLAN struct {
	TCI       Match[int]
	PCP       Match[int]  // priority, 3 bits
	DEI       Match[int]  // 1 bit
	VID       Match[int]  // 12 bits
	InnerType Match[int]  // EtherType behind the tag
	HasMore   Match[bool] // another tag follows
}

func (i VLAN) item() shape { return i.shape() }

func (i *VLAN) shape() shape {
	return shape{name: "vlan", typ: c.ItemVLAN, size: c.ItemVLANSize, fields: []field{
		{"tci", network(c.ItemVLANTCI, 2), &i.TCI},
		{"pcp", part(c.ItemVLANTCI, 2, 13, 3), &i.PCP},
		{"dei", part(c.ItemVLANTCI, 2, 12, 1), &i.DEI},
		{"vid", part(c.ItemVLANTCI, 2, 0, 12), &i.VID},
		{"inner_type", network(c.ItemVLANInner, 2), &i.InnerType},
		{"has_more_vlan", bitField(c.VLANHasMore, 1), &i.HasMore},
	}}
}

// ARP matches an ARP header for Ethernet and IPv4.
type ARP struct {
	Op        Match[int] // 1 is a request, 2 a reply
	SenderMAC Match[header.MAC]
	SenderIP  Match[netip.Addr]
	TargetMAC Match[header.MAC]
	TargetIP  Match[netip.Addr]
}

func (i ARP) item() shape { return i.shape() }

func (i *ARP) shape() shape {
	return shape{name: "arp_eth_ipv4", typ: c.ItemARP, size: c.ItemARPSize, fields: []field{
		{"op", network(c.ItemARPOp, 2), &i.Op},
		{"sha", network(c.ItemARPSHA, 6), &i.SenderMAC},
		{"spa", network(c.ItemARPSPA, 4), &i.SenderIP},
		{"tha", network(c.ItemARPTHA, 6), &i.TargetMAC},
		{"tpa", network(c.ItemARPTPA, 4), &i.TargetIP},
	}}
}

// MPLS matches an entry of an MPLS label stack.
type MPLS struct {
	Label  Match[int]  // 20 bits
	TC     Match[int]  // traffic class, 3 bits
	Bottom Match[bool] // the last entry of the stack
	TTL    Match[int]
}

func (i MPLS) item() shape { return i.shape() }

func (i *MPLS) shape() shape {
	return shape{name: "mpls", typ: c.ItemMPLS, size: c.ItemMPLSSize, fields: []field{
		{"label", part(c.ItemMPLSLabel, 3, 4, 20), &i.Label},
		{"tc", part(c.ItemMPLSLabel, 3, 1, 3), &i.TC},
		{"s", part(c.ItemMPLSLabel, 3, 0, 1), &i.Bottom},
		{"ttl", network(c.ItemMPLSTTL, 1), &i.TTL},
	}}
}

// PPPoESession matches a PPPoE session header.
type PPPoESession struct {
	Session Match[int]
}

func (i PPPoESession) item() shape { return i.shape() }

func (i *PPPoESession) shape() shape {
	return shape{name: "pppoes", typ: c.ItemPPPoE, size: c.ItemPPPoESize, fields: []field{
		{"seid", network(c.ItemPPPoESession, 2), &i.Session},
	}}
}

// PPPoEDiscovery matches a PPPoE discovery header.
type PPPoEDiscovery struct {
	Session Match[int]
}

func (i PPPoEDiscovery) item() shape { return i.shape() }

func (i *PPPoEDiscovery) shape() shape {
	return shape{name: "pppoed", typ: c.ItemPPPoED, size: c.ItemPPPoESize, fields: []field{
		{"seid", network(c.ItemPPPoESession, 2), &i.Session},
	}}
}
