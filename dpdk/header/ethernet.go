package header

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
)

var be = binary.BigEndian

// EtherType is the type of the header behind an Ethernet header or a VLAN tag.
type EtherType uint16

// EtherTypes of rte_ether.h and others.
const (
	EtherTypeIPv4     EtherType = 0x0800
	EtherTypeARP      EtherType = 0x0806
	EtherTypeTEB      EtherType = 0x6558 // transparent Ethernet bridging: an Ethernet frame
	EtherTypeRARP     EtherType = 0x8035
	EtherTypeVLAN     EtherType = 0x8100
	EtherTypeIPv6     EtherType = 0x86dd
	EtherTypeMPLS     EtherType = 0x8847
	EtherTypeMPLSM    EtherType = 0x8848 // multicast
	EtherTypePPPoED   EtherType = 0x8863 // discovery
	EtherTypePPPoES   EtherType = 0x8864 // session
	EtherTypeQinQ     EtherType = 0x88a8
	EtherTypeLLDP     EtherType = 0x88cc
	EtherTypeTimesync EtherType = 0x88f7
	EtherTypeNSH      EtherType = 0x894f
	EtherTypeFCoE     EtherType = 0x8906
)

// MAC is an Ethernet address. It is comparable; its zero value is 00:00:00:00:00:00.
type MAC [6]byte

// Broadcast is the address of all stations.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ParseMAC reads an address such as "02:00:00:00:00:01", in the forms that net.ParseMAC knows.
//
// Implements: rte_ether_unformat_addr
func ParseMAC(s string) (MAC, error) {
	addr, err := net.ParseMAC(s)
	if err != nil {
		return MAC{}, err
	}
	if len(addr) != len(MAC{}) {
		return MAC{}, fmt.Errorf("header: the address %s has %d bytes: use 6", s, len(addr))
	}
	return MAC(addr), nil
}

// RandomMAC returns a random unicast address that is locally administered.
//
// Implements: rte_eth_random_addr
func RandomMAC() (m MAC) {
	n := rand.Uint64()
	for i := range m {
		m[i] = byte(n >> (8 * i))
	}
	m[0] = m[0]&^1 | 2
	return m
}

// String returns the address as "02:00:00:00:00:01".
//
// Implements: rte_ether_format_addr
func (m MAC) String() string {
	const form = "00:00:00:00:00:00"
	b := []byte(form)
	for i, v := range m {
		hex.Encode(b[3*i:], []byte{v})
	}
	return string(b)
}

// IsZero reports whether all bytes are 0.
//
// Implements: rte_is_zero_ether_addr
func (m MAC) IsZero() bool { return m == MAC{} }

// IsBroadcast reports whether the address is [Broadcast].
//
// Implements: rte_is_broadcast_ether_addr
func (m MAC) IsBroadcast() bool { return m == Broadcast }

// IsMulticast reports whether the address is that of a group, the broadcast address included.
//
// Implements: rte_is_multicast_ether_addr
func (m MAC) IsMulticast() bool { return m[0]&1 != 0 }

// IsUnicast reports whether the address is that of one station.
//
// Implements: rte_is_unicast_ether_addr
func (m MAC) IsUnicast() bool { return m[0]&1 == 0 }

// IsLocal reports whether the address is locally administered, and not assigned by a
// manufacturer.
//
// Implements: rte_is_local_admin_ether_addr, rte_is_universal_ether_addr
func (m MAC) IsLocal() bool { return m[0]&2 != 0 }

// IsAssignable reports whether a station can have the address: it is unicast and not zero.
//
// Implements: rte_is_valid_assigned_ether_addr
func (m MAC) IsAssignable() bool { return m.IsUnicast() && !m.IsZero() }

// MulticastMAC returns the Ethernet address of a multicast group of IPv4 or IPv6 (RFC 1112,
// RFC 2464).
//
// Implements: rte_ether_mcast_from_ipv6
func MulticastMAC(group netip.Addr) MAC {
	b := group.As16()
	if group.Is6() && !group.Is4In6() {
		return MAC{0x33, 0x33, b[12], b[13], b[14], b[15]}
	}
	return MAC{0x01, 0x00, 0x5e, b[13] & 0x7f, b[14], b[15]}
}

// EthernetLen is the length of an Ethernet header without tags.
const EthernetLen = 14

// Ethernet is an Ethernet header.
type Ethernet []byte

// ParseEthernet returns the Ethernet header of a frame, and the bytes behind it: a [VLAN] tag if
// [Ethernet.Type] is [EtherTypeVLAN] or [EtherTypeQinQ]. ok is false if b is too short.
func ParseEthernet(b []byte) (e Ethernet, rest []byte, ok bool) {
	if len(b) < EthernetLen {
		return nil, nil, false
	}
	return Ethernet(b[:EthernetLen:EthernetLen]), b[EthernetLen:], true
}

// Destination returns the destination address.
func (e Ethernet) Destination() MAC { return MAC(e[0:6]) }

// SetDestination sets the destination address.
//
// Implements: rte_ether_addr_copy
func (e Ethernet) SetDestination(m MAC) { copy(e[0:6], m[:]) }

// Source returns the source address.
func (e Ethernet) Source() MAC { return MAC(e[6:12]) }

// SetSource sets the source address.
func (e Ethernet) SetSource(m MAC) { copy(e[6:12], m[:]) }

// Type returns the type of the header behind this one. A number below 0x600 is the length of an
// IEEE 802.3 frame instead.
func (e Ethernet) Type() EtherType { return EtherType(be.Uint16(e[12:14])) }

// SetType sets the type of the header behind this one.
func (e Ethernet) SetType(t EtherType) { be.PutUint16(e[12:14], uint16(t)) }

// Swap exchanges the two addresses.
func (e Ethernet) Swap() {
	d, s := MAC(e[0:6]), MAC(e[6:12])
	*(*MAC)(e[0:6]), *(*MAC)(e[6:12]) = s, d
}

// VLANLen is the length of a VLAN tag.
const VLANLen = 4

// VLAN is a tag of IEEE 802.1Q or 802.1ad, without its own EtherType: the 4 bytes behind an
// Ethernet header with [EtherTypeVLAN] or [EtherTypeQinQ], or behind another tag.
type VLAN []byte

// ParseVLAN returns the tag at the start of b, and the bytes behind it. ok is false if b is too
// short.
func ParseVLAN(b []byte) (v VLAN, rest []byte, ok bool) {
	if len(b) < VLANLen {
		return nil, nil, false
	}
	return VLAN(b[:VLANLen:VLANLen]), b[VLANLen:], true
}

// TCI returns the tag control information: priority, drop eligibility and ID.
func (v VLAN) TCI() uint16 { return be.Uint16(v[0:2]) }

// SetTCI sets the tag control information.
func (v VLAN) SetTCI(tci uint16) { be.PutUint16(v[0:2], tci) }

// ID returns the number of the VLAN, 0 to 4095.
func (v VLAN) ID() uint16 { return v.TCI() & 0xfff }

// SetID sets the low 12 bits of the tag control information.
func (v VLAN) SetID(id uint16) { v.SetTCI(v.TCI()&0xf000 | id&0xfff) }

// Priority returns the priority code point, 0 to 7.
func (v VLAN) Priority() uint8 { return v[0] >> 5 }

// SetPriority sets the priority code point.
func (v VLAN) SetPriority(p uint8) { v[0] = v[0]&0x1f | p<<5 }

// DropEligible returns the drop eligible indicator.
func (v VLAN) DropEligible() bool { return v[0]&0x10 != 0 }

// SetDropEligible sets the drop eligible indicator.
func (v VLAN) SetDropEligible(on bool) { v[0] = setBit(v[0], 0x10, on) }

// Type returns the type of the header behind the tag.
func (v VLAN) Type() EtherType { return EtherType(be.Uint16(v[2:4])) }

// SetType sets the type of the header behind the tag.
func (v VLAN) SetType(t EtherType) { be.PutUint16(v[2:4], uint16(t)) }

// setBit returns b with the bit set or cleared.
func setBit(b, bit byte, on bool) byte {
	if on {
		return b | bit
	}
	return b &^ bit
}
