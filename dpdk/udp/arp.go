package udp

import (
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// arp handles an ARP packet.
func (q *queue) arp(m *mbuf.Mbuf) (Drop, bool) {
	h := q.host
	a, ok := header.ParseARP(m.Data()[q.p.l3:])
	if !ok {
		return DropMalformed, false
	}
	ip, mac := a.SenderIP(), a.SenderMAC()
	toUs := h.own[a.TargetIP()]
	if !h.own[ip] && !ip.IsUnspecified() && !ip.IsMulticast() && !h.broadcast(ip) && h.cfg.onLink(ip) { // an own one is a duplicate, and no neighbor
		h.neighbours.learn(ip, mac, a.Op() == header.ARPReply && q.p.toMAC == h.mac, toUs)
	}
	if toUs && a.Op() == header.ARPRequest && !h.own[ip] {
		h.sendARP(header.ARPReply, mac, a.TargetIP(), mac, ip)
	}
	h.free(0, m)
	return 0, true
}

// sendARP sends an ARP packet. target is the Ethernet address in it, and to that of the frame.
func (h *Host) sendARP(op header.ARPOp, to header.MAC, sender netip.Addr, target header.MAC, ip netip.Addr) {
	m, b := h.control(h.frameLen(header.ARPLen))
	if m == nil {
		return
	}
	a := header.ARP(b[h.ethernet(b, to, header.EtherTypeARP):])
	a.Init(op)
	a.SetSenderMAC(h.mac)
	a.SetSenderIP(sender)
	a.SetTargetMAC(target)
	a.SetTargetIP(ip)
	h.emit(m)
}
