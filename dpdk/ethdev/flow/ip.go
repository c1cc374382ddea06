package flow

import (
	"net/netip"

	c "github.com/godpdk/godpdk/cgo/flow"
)

// IPv4 matches an IPv4 header.
type IPv4 struct {
	Src        Match[netip.Addr]
	Dst        Match[netip.Addr]
	Proto      Match[int] // such as header.ProtocolUDP
	TOS        Match[int] // DSCP and ECN
	TTL        Match[int]
	VersionIHL Match[int] // the first byte
	Length     Match[int] // of the packet, in bytes
	ID         Match[int]
	Fragment   Match[int] // flags and offset, 16 bits
}

func (i IPv4) item() shape { return i.shape() }

func (i *IPv4) shape() shape {
	return shape{name: "ipv4", typ: c.ItemIPv4, size: c.ItemIPv4Size, fields: []field{
		{"src", network(c.ItemIPv4Src, 4), &i.Src},
		{"dst", network(c.ItemIPv4Dst, 4), &i.Dst},
		{"proto", network(c.ItemIPv4Proto, 1), &i.Proto},
		{"tos", network(c.ItemIPv4TOS, 1), &i.TOS},
		{"ttl", network(c.ItemIPv4TTL, 1), &i.TTL},
		{"version_ihl", network(c.ItemIPv4VersionIHL, 1), &i.VersionIHL},
		{"length", network(c.ItemIPv4Length, 2), &i.Length},
		{"packet_id", network(c.ItemIPv4ID, 2), &i.ID},
		{"fragment_offset", network(c.ItemIPv4Fragment, 2), &i.Fragment},
	}}
}

// IPv6 matches an IPv6 header. The fields Has… match whether extension headers of a kind follow.
type IPv6 struct {
	Src            Match[netip.Addr]
	Dst            Match[netip.Addr]
	Proto          Match[int] // next header
	TrafficClass   Match[int]
	FlowLabel      Match[int] // 20 bits
	HopLimit       Match[int]
	HasHopOptions  Match[bool]
	HasRouting     Match[bool]
	HasFragment    Match[bool]
	HasAH          Match[bool]
	HasESP         Match[bool]
	HasDestOptions Match[bool]
	HasMobility    Match[bool]
	HasHIP         Match[bool]
	HasShim6       Match[bool]
}

func (i IPv6) item() shape { return i.shape() }

func (i *IPv6) shape() shape {
	return shape{name: "ipv6", typ: c.ItemIPv6, size: c.ItemIPv6Size, fields: []field{
		{"src", network(c.ItemIPv6Src, 16), &i.Src},
		{"dst", network(c.ItemIPv6Dst, 16), &i.Dst},
		{"proto", network(c.ItemIPv6Proto, 1), &i.Proto},
		{"tc", part(c.ItemIPv6VTCFlow, 4, 20, 8), &i.TrafficClass},
		{"flow", part(c.ItemIPv6VTCFlow, 4, 0, 20), &i.FlowLabel},
		{"hop", network(c.ItemIPv6Hop, 1), &i.HopLimit},
		{"has_hop_ext", bitField(c.IPv6HasHop, 1), &i.HasHopOptions},
		{"has_route_ext", bitField(c.IPv6HasRoute, 1), &i.HasRouting},
		{"has_frag_ext", bitField(c.IPv6HasFrag, 1), &i.HasFragment},
		{"has_auth_ext", bitField(c.IPv6HasAuth, 1), &i.HasAH},
		{"has_esp_ext", bitField(c.IPv6HasESP, 1), &i.HasESP},
		{"has_dest_ext", bitField(c.IPv6HasDest, 1), &i.HasDestOptions},
		{"has_mobil_ext", bitField(c.IPv6HasMobility, 1), &i.HasMobility},
		{"has_hip_ext", bitField(c.IPv6HasHIP, 1), &i.HasHIP},
		{"has_shim6_ext", bitField(c.IPv6HasShim6, 1), &i.HasShim6},
	}}
}

// IPv6Ext matches an IPv6 extension header of any kind.
type IPv6Ext struct {
	Next Match[int] // next header
}

func (i IPv6Ext) item() shape { return i.shape() }

func (i *IPv6Ext) shape() shape {
	return shape{name: "ipv6_ext", typ: c.ItemIPv6Ext, size: c.ItemIPv6ExtSize, fields: []field{
		{"next_hdr", network(c.ItemIPv6ExtNext, 1), &i.Next},
	}}
}

// IPv6Fragment matches an IPv6 fragment header.
type IPv6Fragment struct {
	Next Match[int] // next header
	Data Match[int] // offset and flags, 16 bits
	ID   Match[int]
}

func (i IPv6Fragment) item() shape { return i.shape() }

func (i *IPv6Fragment) shape() shape {
	return shape{name: "ipv6_frag_ext", typ: c.ItemIPv6Frag, size: c.ItemIPv6FragSize, fields: []field{
		{"next_hdr", network(c.ItemIPv6FragNext, 1), &i.Next},
		{"frag_data", network(c.ItemIPv6FragData, 2), &i.Data},
		{"packet_id", network(c.ItemIPv6FragID, 4), &i.ID},
	}}
}

// ICMP matches an ICMP header.
type ICMP struct {
	Type  Match[int]
	Code  Match[int]
	Ident Match[int]
	Seq   Match[int]
}

func (i ICMP) item() shape { return i.shape() }

func (i *ICMP) shape() shape {
	return shape{name: "icmp", typ: c.ItemICMP, size: c.ItemICMPSize, fields: []field{
		{"type", network(c.ItemICMPType, 1), &i.Type},
		{"code", network(c.ItemICMPCode, 1), &i.Code},
		{"ident", network(c.ItemICMPIdent, 2), &i.Ident},
		{"seq", network(c.ItemICMPSeq, 2), &i.Seq},
	}}
}

// ICMP6 matches an ICMPv6 header.
type ICMP6 struct {
	Type Match[int]
	Code Match[int]
}

func (i ICMP6) item() shape { return i.shape() }

func (i *ICMP6) shape() shape {
	return shape{name: "icmp6", typ: c.ItemICMP6, size: c.ItemICMP6Size, fields: []field{
		{"type", network(c.ItemICMP6Type, 1), &i.Type},
		{"code", network(c.ItemICMP6Code, 1), &i.Code},
	}}
}

// ESP matches an ESP header of IPsec.
type ESP struct {
	SPI Match[int]
}

func (i ESP) item() shape { return i.shape() }

func (i *ESP) shape() shape {
	return shape{name: "esp", typ: c.ItemESP, size: c.ItemESPSize, fields: []field{
		{"spi", network(c.ItemESPSPI, 4), &i.SPI},
	}}
}

// AH matches an authentication header of IPsec.
type AH struct {
	SPI Match[int]
}

func (i AH) item() shape { return i.shape() }

func (i *AH) shape() shape {
	return shape{name: "ah", typ: c.ItemAH, size: c.ItemAHSize, fields: []field{
		{"spi", network(c.ItemAHSPI, 4), &i.SPI},
	}}
}

// L2TPv3 matches an L2TPv3 header over IP.
type L2TPv3 struct {
	Session Match[int]
}

func (i L2TPv3) item() shape { return i.shape() }

func (i *L2TPv3) shape() shape {
	return shape{name: "l2tpv3oip", typ: c.ItemL2TPv3, size: c.ItemL2TPv3Size, fields: []field{
		{"session_id", network(c.ItemL2TPv3Session, 4), &i.Session},
	}}
}
