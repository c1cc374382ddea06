//go:build linux

package main

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/godpdk/godpdk/dpdk/header"
)

// resolver answers ARP requests and neighbor solicitations for the addresses of the load balancer, and finds the backends.
type resolver struct {
	own   []netip.Addr                // the addresses that are answered for
	learn func(a netip.Addr, hop Hop) // a station has shown its address
}

// ndpLen is the length of a neighbor solicitation or advertisement with the option of an Ethernet address.
const ndpLen = 32

// Parts of these messages.
const (
	sourceOption, targetOption = 1, 2 // the Ethernet address of the sender, of the target
	solicited, override        = 0x40, 0x20
)

// take handles a frame that came from a port with this MAC. It reports whether it has turned the frame into an answer, which goes back to that port.
func (r *resolver) take(frame []byte, h *header.Headers, port uint16, mac header.MAC) (answer bool) {
	eth, rest, ok := header.ParseEthernet(frame)
	if !ok || !eth.Source().IsAssignable() {
		return false
	}
	switch {
	case eth.Type() == header.EtherTypeARP:
		answer = r.arp(rest, port, mac)
	case h.Type.IsIPv6() && h.Type&header.L4Mask == header.L4ICMP:
		answer = r.ndp(frame[h.L3():], h, port, mac)
	}
	if answer {
		eth.SetDestination(eth.Source())
		eth.SetSource(mac)
	}
	return answer
}

// arp learns from an ARP packet, and turns a request for an own address into the reply.
func (r *resolver) arp(b []byte, port uint16, mac header.MAC) bool {
	a, ok := header.ParseARP(b)
	if !ok || !a.SenderMAC().IsAssignable() {
		return false
	}
	r.learn(a.SenderIP(), Hop{a.SenderMAC(), port})
	if a.Op() != header.ARPRequest || !slices.Contains(r.own, a.TargetIP()) {
		return false
	}
	asked := a.TargetIP()
	a.SetOp(header.ARPReply)
	a.SetTargetMAC(a.SenderMAC())
	a.SetTargetIP(a.SenderIP())
	a.SetSenderMAC(mac)
	a.SetSenderIP(asked)
	return true
}

// ndp learns from a neighbor advertisement or solicitation, and turns a solicitation of an own address into the advertisement.
func (r *resolver) ndp(l3 []byte, h *header.Headers, port uint16, mac header.MAC) bool {
	ip, payload, ok := header.ParseIPv6(l3)
	if !ok || ip.HopLimit() != 255 || ip.NextHeader() != header.ProtocolICMPv6 || len(payload) < ndpLen || !ip.VerifyL4(header.ProtocolICMPv6, payload) {
		return false
	}
	m, target, option := header.ICMP(payload), netip.AddrFrom16([16]byte(payload[8:24])), payload[24:32]
	sender := Hop{header.MAC(option[2:8]), port}
	switch {
	case !sender.MAC.IsAssignable() || option[1] != 1:
	case m.Type() == header.ICMPv6NeighborAdv && option[0] == targetOption:
		r.learn(target, sender)
	case m.Type() == header.ICMPv6NeighborSol && option[0] == sourceOption && len(payload) == ndpLen && slices.Contains(r.own, target):
		r.learn(ip.Source(), sender)
		ip.SetDestination(ip.Source())
		ip.SetSource(target)
		putNDP(ip, payload, header.ICMPv6NeighborAdv, solicited|override, targetOption, target, mac)
		return true
	}
	return false
}

// putNDP writes a message behind an IPv6 header with its addresses.
func putNDP(ip header.IPv6, b []byte, kind, flags, option byte, target netip.Addr, mac header.MAC) {
	clear(b)
	b[0], b[4], b[24], b[25] = kind, flags, option, 1
	*(*[16]byte)(b[8:]) = target.As16()
	*(*header.MAC)(b[26:]) = mac
	binary.BigEndian.PutUint16(b[2:], ip.L4Checksum(header.ProtocolICMPv6, b))
}

// maxAsk is the length of the longest frame that ask writes.
const maxAsk = header.EthernetLen + header.IPv6Len + ndpLen

// ask writes a frame that asks for the station with an address, to be sent by a port with this MAC, and returns its length. It is 0 if the load balancer has no address
// of that family.
func (r *resolver) ask(frame []byte, target netip.Addr, mac header.MAC) int {
	// The last one is the gateway, if there is one. Backends answer to an address of their network.
	i := len(r.own) - 1
	for ; i >= 0 && r.own[i].Is4() != target.Is4(); i-- {
	}
	if i < 0 {
		return 0
	}
	from, eth, rest := r.own[i], header.Ethernet(frame), frame[header.EthernetLen:]
	eth.SetSource(mac)
	if target.Is4() {
		eth.SetDestination(header.Broadcast)
		eth.SetType(header.EtherTypeARP)
		a := header.ARP(rest[:header.ARPLen])
		a.Init(header.ARPRequest)
		a.SetSenderMAC(mac)
		a.SetSenderIP(from)
		a.SetTargetIP(target)
		return header.EthernetLen + header.ARPLen
	}
	group := header.SolicitedNode(target)
	eth.SetDestination(header.MulticastMAC(group))
	eth.SetType(header.EtherTypeIPv6)
	ip := header.IPv6(rest[:header.IPv6Len])
	ip.Init(ndpLen)
	ip.SetNextHeader(header.ProtocolICMPv6)
	ip.SetHopLimit(255)
	ip.SetSource(from)
	ip.SetDestination(group)
	putNDP(ip, rest[header.IPv6Len:][:ndpLen], header.ICMPv6NeighborSol, 0, sourceOption, target, mac)
	return maxAsk
}
