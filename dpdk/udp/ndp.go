package udp

import (
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/header"
)

const (
	optionSource = 1 // the Ethernet address of the sender of a solicitation
	optionTarget = 2 // that of the target of an advertisement
	ndpLen       = header.ICMPLen + 16
	optionLen    = 8
	flagSolicit  = 0x40 // in an advertisement: it is an answer
	flagOverride = 0x20
)

// neighbourMessage is a neighbor solicitation or advertisement.
type neighbourMessage struct {
	target             netip.Addr
	mac                header.MAC
	hasMAC             bool
	solicited, replace bool
}

// parse reads the ICMPv6 packet b, of a type that the caller has checked. It reports whether the packet is valid, but for
// its hop limit and checksum.
func (n *neighbourMessage) parse(b []byte) bool {
	*n = neighbourMessage{}
	if len(b) < ndpLen || b[1] != 0 {
		return false
	}
	option := byte(optionSource)
	if b[0] == header.ICMPv6NeighborAdv {
		option = optionTarget
		n.solicited, n.replace = b[4]&flagSolicit != 0, b[4]&flagOverride != 0
	}
	n.target = netip.AddrFrom16([16]byte(b[8:24]))
	if n.target.IsMulticast() || n.target.IsUnspecified() {
		return false
	}
	for b = b[ndpLen:]; len(b) > 0; {
		if len(b) < 2 || b[1] == 0 || int(b[1])*8 > len(b) {
			return false
		}
		if b[0] == option && b[1] == 1 {
			n.mac, n.hasMAC = header.MAC(b[2:8]), true
		}
		b = b[int(b[1])*8:]
	}
	return true
}

// neighbourMessage handles a neighbor solicitation or advertisement in the current packet.
func (q *queue) neighbourMessage(b []byte) (Drop, bool) {
	h, p := q.host, &q.p
	var n neighbourMessage
	if p.ttl != 255 || !n.parse(b) { // 255 shows that no router has forwarded it
		return DropMalformed, false
	}
	if b[0] == header.ICMPv6NeighborAdv {
		if !h.own[n.target] { // otherwise another station has this address too
			h.neighbours.advertised(n, !p.dst.IsMulticast())
		}
		return 0, true
	}
	if !h.own[n.target] {
		return DropOtherHost, false
	}
	if p.src.IsUnspecified() { // it checks whether the address is free
		all := netip.IPv6LinkLocalAllNodes()
		h.sendAdvertisement(header.MulticastMAC(all), all, n.target, false)
		return 0, true
	}
	mac := p.fromMAC
	if n.hasMAC {
		mac = n.mac
		h.neighbours.learn(p.src, mac, false, h.cfg.onLink(p.src))
	}
	h.sendAdvertisement(mac, p.src, n.target, true)
	return 0, true
}

// advertised handles an advertisement (RFC 4861, section 7.2.5). It makes no entry. The answer to a solicitation that was sent to the known Ethernet
// address may omit that address, as the answers of Linux do.
func (n *neighbours) advertised(a neighbourMessage, unicast bool) {
	n.mu.Lock()
	e := n.all[a.target]
	ignore := e == nil
	if e != nil {
		known := e.mac.Load()
		switch {
		case !a.hasMAC:
			ignore, a.mac = known == unknownMAC, unpackMAC(known)
		case known != unknownMAC && unpackMAC(known) != a.mac:
			ignore = !a.replace
		}
	}
	n.mu.Unlock()
	if !ignore {
		n.learn(a.target, a.mac, a.solicited && unicast, false)
	}
}

// sendSolicitation asks for the Ethernet address of target.
func (h *Host) sendSolicitation(mac header.MAC, src, dst, target netip.Addr) {
	h.sendNeighbour(header.ICMPv6NeighborSol, 0, mac, src, dst, target, optionSource)
}

// sendAdvertisement sends the Ethernet address of target, an address of this host, to dst.
func (h *Host) sendAdvertisement(mac header.MAC, dst, target netip.Addr, solicited bool) {
	flags := byte(flagOverride)
	if solicited {
		flags |= flagSolicit
	}
	h.sendNeighbour(header.ICMPv6NeighborAdv, flags, mac, target, dst, target, optionTarget)
}

func (h *Host) sendNeighbour(kind, flags byte, mac header.MAC, src, dst, target netip.Addr, option byte) {
	const n = ndpLen + optionLen
	m, b := h.control(h.frameLen(header.IPv6Len + n))
	if m == nil {
		return
	}
	icmp := h.ip6(b, mac, src, dst, 255, n)
	icmp[0], icmp[4] = kind, flags
	*(*[16]byte)(icmp[8:]) = target.As16()
	icmp[ndpLen], icmp[ndpLen+1] = option, 1
	copy(icmp[ndpLen+2:], h.mac[:])
	finish6(icmp, src, dst)
	h.emit(m)
}
