package flow

import (
	"net/netip"

	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk/header"
)

// PopVLAN removes the outer VLAN tag.
type PopVLAN struct{}

func (a PopVLAN) act() shape { return a.shape() }

func (a *PopVLAN) shape() shape { return shape{name: "of_pop_vlan", typ: c.ActionPopVLAN} }

// PushVLAN adds a VLAN tag. Its fields are those of the outer tag, or 0.
type PushVLAN struct {
	Type int // EtherType, such as header.EtherTypeVLAN
}

func (a PushVLAN) act() shape { return a.shape() }

func (a *PushVLAN) shape() shape {
	return shape{name: "of_push_vlan", typ: c.ActionPushVLAN, size: c.ActionPushVLANSize, params: []param{
		{"ethertype", network(c.ActionPushVLANType, 2), scalar{v: &a.Type}},
	}}
}

// SetVLANID sets the VLAN of the outer tag.
type SetVLANID struct {
	VID int // 12 bits
}

func (a SetVLANID) act() shape { return a.shape() }

func (a *SetVLANID) shape() shape {
	return shape{name: "of_set_vlan_vid", typ: c.ActionSetVLANID, size: c.ActionSetVLANIDSize, params: []param{
		{"vlan_vid", part(c.ActionSetVLANIDVID, 2, 0, 12), scalar{v: &a.VID}},
	}}
}

// SetVLANPCP sets the priority in the outer VLAN tag.
type SetVLANPCP struct {
	PCP int // 3 bits
}

func (a SetVLANPCP) act() shape { return a.shape() }

func (a *SetVLANPCP) shape() shape {
	return shape{name: "of_set_vlan_pcp", typ: c.ActionSetVLANPCP, size: c.ActionSetVLANPCPSize, params: []param{
		{"vlan_pcp", bitField(8*c.ActionSetVLANPCPPCP, 3), scalar{v: &a.PCP}},
	}}
}

// VXLANDecap removes the headers up to VXLAN.
type VXLANDecap struct{}

func (a VXLANDecap) act() shape { return a.shape() }

func (a *VXLANDecap) shape() shape { return shape{name: "vxlan_decap", typ: c.ActionVXLANDecap} }

// SwapMAC exchanges the addresses in the Ethernet header.
type SwapMAC struct{}

func (a SwapMAC) act() shape { return a.shape() }

func (a *SwapMAC) shape() shape { return shape{name: "mac_swap", typ: c.ActionMACSwap} }

// DecTTL subtracts 1 from the TTL or hop limit.
type DecTTL struct{}

func (a DecTTL) act() shape { return a.shape() }

func (a *DecTTL) shape() shape { return shape{name: "dec_ttl", typ: c.ActionDecTTL} }

// SetTTL sets the TTL or hop limit.
type SetTTL struct {
	TTL int
}

func (a SetTTL) act() shape { return a.shape() }

func (a *SetTTL) shape() shape {
	return shape{name: "set_ttl", typ: c.ActionSetTTL, size: c.ActionSetTTLSize, params: []param{
		{"ttl_value", network(c.ActionSetTTLValue, 1), scalar{v: &a.TTL}},
	}}
}

// SetSrcMAC sets the source address in the Ethernet header.
type SetSrcMAC struct {
	Addr header.MAC
}

func (a SetSrcMAC) act() shape { return a.shape() }

func (a *SetSrcMAC) shape() shape {
	return shape{name: "set_mac_src", typ: c.ActionSetMAC, size: c.ActionSetMACSize, params: []param{
		{"mac_addr", network(c.ActionSetMACAddr, 6), scalar{v: &a.Addr}},
	}}
}

// SetDstMAC sets the destination address in the Ethernet header.
type SetDstMAC struct {
	Addr header.MAC
}

func (a SetDstMAC) act() shape { return a.shape() }

func (a *SetDstMAC) shape() shape {
	return shape{name: "set_mac_dst", typ: c.ActionSetMACDst, size: c.ActionSetMACSize, params: []param{
		{"mac_addr", network(c.ActionSetMACAddr, 6), scalar{v: &a.Addr}},
	}}
}

// SetSrcPort sets the source port in the TCP or UDP header.
type SetSrcPort struct {
	Port int
}

func (a SetSrcPort) act() shape { return a.shape() }

func (a *SetSrcPort) shape() shape {
	return shape{name: "set_tp_src", typ: c.ActionSetTP, size: c.ActionSetTPSize, params: []param{
		{"port", network(c.ActionSetTPPort, 2), scalar{v: &a.Port}},
	}}
}

// SetDstPort sets the destination port in the TCP or UDP header.
type SetDstPort struct {
	Port int
}

func (a SetDstPort) act() shape { return a.shape() }

func (a *SetDstPort) shape() shape {
	return shape{name: "set_tp_dst", typ: c.ActionSetTPDst, size: c.ActionSetTPSize, params: []param{
		{"port", network(c.ActionSetTPPort, 2), scalar{v: &a.Port}},
	}}
}

// SetMeta sets the metadata of the packet: see [Metadata].
type SetMeta struct {
	Data int
	Mask int // bits to set; 0 is all
}

func (a SetMeta) act() shape { return a.shape() }

func (a *SetMeta) shape() shape {
	return shape{name: "set_meta", typ: c.ActionSetMeta, size: c.ActionSetMetaSize, params: []param{
		{"data", host(c.ActionSetMetaData, 4), scalar{v: &a.Data}},
		{"mask", host(c.ActionSetMetaMask, 4), bitMask{&a.Mask}},
	}}
}

// SetTag sets a value that later rules can match with an item [Tag].
type SetTag struct {
	Data  int
	Mask  int // bits to set; 0 is all
	Index int // of the tag
}

func (a SetTag) act() shape { return a.shape() }

func (a *SetTag) shape() shape {
	return shape{name: "set_tag", typ: c.ActionSetTag, size: c.ActionSetTagSize, params: []param{
		{"data", host(c.ActionSetTagData, 4), scalar{v: &a.Data}},
		{"mask", host(c.ActionSetTagMask, 4), bitMask{&a.Mask}},
		{"index", host(c.ActionSetTagIndex, 1), scalar{v: &a.Index}},
	}}
}

// SetSrcIP sets the source address in the IPv4 or IPv6 header.
type SetSrcIP struct {
	Addr netip.Addr
}

func (a SetSrcIP) act() shape { return a.shape() }

func (a *SetSrcIP) shape() shape {
	return setIP(&a.Addr, "src", c.ActionSetIPv4, c.ActionSetIPv6)
}

// SetDstIP sets the destination address in the IPv4 or IPv6 header.
type SetDstIP struct {
	Addr netip.Addr
}

func (a SetDstIP) act() shape { return a.shape() }

func (a *SetDstIP) shape() shape {
	return setIP(&a.Addr, "dst", c.ActionSetIPv4Dst, c.ActionSetIPv6Dst)
}

func setIP(addr *netip.Addr, which string, v4, v6 int) shape {
	if addr.Is6() {
		return shape{name: "set_ipv6_" + which, typ: v6, size: c.ActionSetIPv6Size, params: []param{
			{"ipv6_addr", network(c.ActionSetIPv6Addr, 16), scalar{v: addr}},
		}}
	}
	return shape{name: "set_ipv4_" + which, typ: v4, size: c.ActionSetIPv4Size, params: []param{
		{"ipv4_addr", network(c.ActionSetIPv4Addr, 4), scalar{v: addr}},
	}}
}

// SetDSCP sets the DSCP in the IPv4 header, or in the IPv6 header.
type SetDSCP struct {
	DSCP int // 6 bits
	IPv6 bool
}

func (a SetDSCP) act() shape { return a.shape() }

func (a *SetDSCP) shape() shape {
	s := shape{name: "set_ipv4_dscp", typ: c.ActionSetDSCP, size: c.ActionSetDSCPSize, params: []param{
		{"dscp_value", bitField(8*c.ActionSetDSCPValue, 6), scalar{v: &a.DSCP}},
	}}
	if a.IPv6 {
		s.name, s.typ = "set_ipv6_dscp", c.ActionSetIPv6DSCP
	}
	return s
}
