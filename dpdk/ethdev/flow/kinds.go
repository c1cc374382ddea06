package flow

import "net/netip"

// kind makes a value of a type of items or actions, from its text.
type kind[I any] struct {
	name string
	new  func() (s shape, done func() I)
}

// item returns the kind of an item type.
func item[T Item](describe func(*T) shape) kind[Item] {
	return kind[Item]{describe(new(T)).name, func() (shape, func() Item) {
		v := new(T)
		return describe(v), func() Item { return *v }
	}}
}

// action returns the kind of an action type. Its text has another name for some values: begin is one
// of them.
func action[T Action](describe func(*T) shape, begin T) kind[Action] {
	return kind[Action]{describe(&begin).name, func() (shape, func() Action) {
		v := begin
		return describe(&v), func() Action { return v }
	}}
}

// itemKinds are all types of items.
var itemKinds = byName(
	item((*Eth).shape), item((*VLAN).shape), item((*ARP).shape), item((*MPLS).shape),
	item((*PPPoESession).shape), item((*PPPoEDiscovery).shape), item((*IPv4).shape), item((*IPv6).shape),
	item((*IPv6Ext).shape), item((*IPv6Fragment).shape), item((*ICMP).shape), item((*ICMP6).shape),
	item((*ESP).shape), item((*AH).shape), item((*L2TPv3).shape), item((*TCP).shape), item((*UDP).shape),
	item((*SCTP).shape), item((*VXLAN).shape), item((*VXLANGPE).shape), item((*GRE).shape),
	item((*GREKey).shape), item((*NVGRE).shape), item((*Geneve).shape), item((*GTP).shape), item((*GTPC).shape),
	item((*GTPU).shape), item((*GTPSession).shape), item((*Any).shape), item((*Fuzzy).shape),
	item((*Mark).shape), item((*Meta).shape), item((*Tag).shape), item((*PortID).shape),
	item((*PortRepresentor).shape), item((*RepresentedPort).shape), item((*Void).shape), item((*Invert).shape),
	item((*Raw).shape), item((*CustomItem).shape),
)

// actionKinds are all types of actions.
var actionKinds = byName(
	action((*VoidAction).shape, VoidAction{}), action((*Passthru).shape, Passthru{}),
	action((*Drop).shape, Drop{}), action((*Queue).shape, Queue{}), action((*Jump).shape, Jump{}),
	action((*SetMark).shape, SetMark{}), action((*Flag).shape, Flag{}), action((*Count).shape, Count{}),
	action((*Age).shape, Age{}), action((*PF).shape, PF{}), action((*VF).shape, VF{}),
	action((*ToPortID).shape, ToPortID{}), action((*ToPortRepresentor).shape, ToPortRepresentor{}),
	action((*ToRepresentedPort).shape, ToRepresentedPort{}), action((*SendToKernel).shape, SendToKernel{}),
	action((*Meter).shape, Meter{}), action((*PopVLAN).shape, PopVLAN{}), action((*PushVLAN).shape, PushVLAN{}),
	action((*SetVLANID).shape, SetVLANID{}), action((*SetVLANPCP).shape, SetVLANPCP{}),
	action((*VXLANDecap).shape, VXLANDecap{}), action((*SwapMAC).shape, SwapMAC{}),
	action((*DecTTL).shape, DecTTL{}), action((*SetTTL).shape, SetTTL{}),
	action((*SetSrcMAC).shape, SetSrcMAC{}), action((*SetDstMAC).shape, SetDstMAC{}),
	action((*SetSrcPort).shape, SetSrcPort{}), action((*SetDstPort).shape, SetDstPort{}),
	action((*SetMeta).shape, SetMeta{}), action((*SetTag).shape, SetTag{}), action((*RSS).shape, RSS{}),
	action((*VXLANEncap).shape, VXLANEncap{}), action((*RawEncap).shape, RawEncap{}),
	action((*RawDecap).shape, RawDecap{}), action((*CustomAction).shape, CustomAction{}),
	action((*SetSrcIP).shape, SetSrcIP{netip.IPv4Unspecified()}), action((*SetSrcIP).shape, SetSrcIP{netip.IPv6Unspecified()}),
	action((*SetDstIP).shape, SetDstIP{netip.IPv4Unspecified()}), action((*SetDstIP).shape, SetDstIP{netip.IPv6Unspecified()}),
	action((*SetDSCP).shape, SetDSCP{}), action((*SetDSCP).shape, SetDSCP{IPv6: true}),
)

func byName[I any](all ...kind[I]) map[string]kind[I] {
	m := make(map[string]kind[I], len(all))
	for _, k := range all {
		m[k.name] = k
	}
	return m
}
