package header

import "net/netip"

// ARPLen is the length of an ARP packet for IPv4 over Ethernet.
const ARPLen = 28

// ARPOp is the operation of an ARP packet.
type ARPOp uint16

// Operations of rte_arp.h.
const (
	ARPRequest        ARPOp = 1
	ARPReply          ARPOp = 2
	ARPReverseRequest ARPOp = 3
	ARPReverseReply   ARPOp = 4
	ARPInverseRequest ARPOp = 8
	ARPInverseReply   ARPOp = 9
)

// arpKind is the first 6 bytes of an ARP packet for IPv4 over Ethernet: hardware, protocol, and
// the lengths of their addresses.
const arpKind = "\x00\x01\x08\x00\x06\x04"

// ARP is an ARP packet for IPv4 over Ethernet.
type ARP []byte

// ParseARP returns the ARP packet at the start of b. ok is false if b is too short, or the packet
// is not one for IPv4 over Ethernet.
func ParseARP(b []byte) (a ARP, ok bool) {
	if len(b) < ARPLen || string(b[:len(arpKind)]) != arpKind {
		return nil, false
	}
	return ARP(b[:ARPLen:ARPLen]), true
}

// Init makes the packet one for IPv4 over Ethernet with this operation, and clears all addresses.
func (a ARP) Init(op ARPOp) {
	clear(a[:ARPLen])
	copy(a, arpKind)
	a.SetOp(op)
}

// Op returns the operation.
func (a ARP) Op() ARPOp { return ARPOp(be.Uint16(a[6:8])) }

// SetOp sets the operation.
func (a ARP) SetOp(op ARPOp) { be.PutUint16(a[6:8], uint16(op)) }

// SenderMAC returns the Ethernet address of the sender.
func (a ARP) SenderMAC() MAC { return MAC(a[8:14]) }

// SetSenderMAC sets the Ethernet address of the sender.
func (a ARP) SetSenderMAC(m MAC) { copy(a[8:14], m[:]) }

// SenderIP returns the IPv4 address of the sender.
func (a ARP) SenderIP() netip.Addr { return netip.AddrFrom4([4]byte(a[14:18])) }

// SetSenderIP sets the IPv4 address of the sender. It panics if ip is not an IPv4 address.
func (a ARP) SetSenderIP(ip netip.Addr) { put4(a[14:18], ip) }

// TargetMAC returns the Ethernet address of the target. It has no meaning in a request.
func (a ARP) TargetMAC() MAC { return MAC(a[18:24]) }

// SetTargetMAC sets the Ethernet address of the target.
func (a ARP) SetTargetMAC(m MAC) { copy(a[18:24], m[:]) }

// TargetIP returns the IPv4 address of the target.
func (a ARP) TargetIP() netip.Addr { return netip.AddrFrom4([4]byte(a[24:28])) }

// SetTargetIP sets the IPv4 address of the target. It panics if ip is not an IPv4 address.
func (a ARP) SetTargetIP(ip netip.Addr) { put4(a[24:28], ip) }

// put4 writes an IPv4 address.
func put4(b []byte, ip netip.Addr) {
	a := ip.As4()
	copy(b[:4], a[:])
}

// RARPFrameLen is the length of the frame that [PutRARP] writes.
const RARPFrameLen = EthernetLen + ARPLen

// PutRARP writes a broadcast frame with a reverse ARP request for mac into b, which has at least
// [RARPFrameLen] bytes. Switches learn from it the port behind which mac is, for example after
// the migration of a virtual machine. It returns the frame.
//
// Implements: rte_net_make_rarp_packet
func PutRARP(b []byte, mac MAC) []byte {
	b = b[:RARPFrameLen:RARPFrameLen]
	e := Ethernet(b)
	e.SetDestination(Broadcast)
	e.SetSource(mac)
	e.SetType(EtherTypeRARP)
	a := ARP(b[EthernetLen:])
	a.Init(ARPReverseRequest)
	a.SetSenderMAC(mac)
	a.SetTargetMAC(mac)
	return b
}
