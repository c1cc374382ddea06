//go:build linux

package twin

/*
#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_mbuf_ptype.h>
#include <rte_net.h>

// Experimental in 22.11.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static inline int
twin_verify4(const void *ip, const void *l4)
{
	return rte_ipv4_udptcp_cksum_verify(ip, l4);
}

static inline int
twin_verify6(const void *ip, const void *l4)
{
	return rte_ipv6_udptcp_cksum_verify(ip, l4);
}

static inline uint16_t
twin_mbuf4(const struct rte_mbuf *m, const void *ip, uint16_t off)
{
	return rte_ipv4_udptcp_cksum_mbuf(m, ip, off);
}

static inline uint16_t
twin_mbuf6(const struct rte_mbuf *m, const void *ip, uint16_t off)
{
	return rte_ipv6_udptcp_cksum_mbuf(m, ip, off);
}

static inline int
twin_mbuf_verify4(const struct rte_mbuf *m, const void *ip, uint16_t off)
{
	return rte_ipv4_udptcp_cksum_mbuf_verify(m, ip, off);
}

static inline int
twin_mbuf_verify6(const struct rte_mbuf *m, const void *ip, uint16_t off)
{
	return rte_ipv6_udptcp_cksum_mbuf_verify(m, ip, off);
}

static inline int
twin_next_ext(const void *p, int proto, size_t *len)
{
	return rte_ipv6_get_next_ext(p, proto, len);
}
#pragma GCC diagnostic pop

static inline uint16_t
twin_be16(uint16_t v)
{
	return rte_be_to_cpu_16(v);
}
*/
import "C"

import "unsafe"

// HeaderLens is struct rte_net_hdr_lens.
type HeaderLens struct {
	L2, L3, L4, Tunnel, InnerL2, InnerL3, InnerL4 int
}

// PacketType parses the headers of m.
//
// Implements: rte_net_get_ptype
func PacketType(m unsafe.Pointer, layers uint32) (t uint32, l HeaderLens) {
	var c C.struct_rte_net_hdr_lens
	t = uint32(C.rte_net_get_ptype(mbuf(m), &c, C.uint32_t(layers)))
	return t, HeaderLens{int(c.l2_len), int(c.l3_len), int(c.l4_len), int(c.tunnel_len), int(c.inner_l2_len), int(c.inner_l3_len), int(c.inner_l4_len)}
}

// PacketTypeName returns the name of a packet type.
//
// Implements: rte_get_ptype_name
func PacketTypeName(t uint32) string {
	var buf [256]C.char
	C.rte_get_ptype_name(C.uint32_t(t), &buf[0], C.size_t(len(buf)))
	return C.GoString(&buf[0])
}

// PacketTypes returns the constants of rte_mbuf_ptype.h without RTE_PTYPE_.
func PacketTypes() map[string]uint32 {
	return map[string]uint32{
		"L2_MASK": C.RTE_PTYPE_L2_MASK, "L3_MASK": C.RTE_PTYPE_L3_MASK, "L4_MASK": C.RTE_PTYPE_L4_MASK, "TUNNEL_MASK": C.RTE_PTYPE_TUNNEL_MASK,
		"INNER_L2_MASK": C.RTE_PTYPE_INNER_L2_MASK, "INNER_L3_MASK": C.RTE_PTYPE_INNER_L3_MASK, "INNER_L4_MASK": C.RTE_PTYPE_INNER_L4_MASK,
		"ALL_MASK": C.RTE_PTYPE_ALL_MASK, "L2_ETHER": C.RTE_PTYPE_L2_ETHER, "L2_ETHER_TIMESYNC": C.RTE_PTYPE_L2_ETHER_TIMESYNC,
		"L2_ETHER_ARP": C.RTE_PTYPE_L2_ETHER_ARP, "L2_ETHER_LLDP": C.RTE_PTYPE_L2_ETHER_LLDP, "L2_ETHER_NSH": C.RTE_PTYPE_L2_ETHER_NSH,
		"L2_ETHER_VLAN": C.RTE_PTYPE_L2_ETHER_VLAN, "L2_ETHER_QINQ": C.RTE_PTYPE_L2_ETHER_QINQ, "L2_ETHER_PPPOE": C.RTE_PTYPE_L2_ETHER_PPPOE,
		"L2_ETHER_FCOE": C.RTE_PTYPE_L2_ETHER_FCOE, "L2_ETHER_MPLS": C.RTE_PTYPE_L2_ETHER_MPLS,
		"L3_IPV4": C.RTE_PTYPE_L3_IPV4, "L3_IPV4_EXT": C.RTE_PTYPE_L3_IPV4_EXT, "L3_IPV6": C.RTE_PTYPE_L3_IPV6,
		"L3_IPV4_EXT_UNKNOWN": C.RTE_PTYPE_L3_IPV4_EXT_UNKNOWN, "L3_IPV6_EXT": C.RTE_PTYPE_L3_IPV6_EXT, "L3_IPV6_EXT_UNKNOWN": C.RTE_PTYPE_L3_IPV6_EXT_UNKNOWN,
		"L4_TCP": C.RTE_PTYPE_L4_TCP, "L4_UDP": C.RTE_PTYPE_L4_UDP, "L4_FRAG": C.RTE_PTYPE_L4_FRAG, "L4_SCTP": C.RTE_PTYPE_L4_SCTP,
		"L4_ICMP": C.RTE_PTYPE_L4_ICMP, "L4_NONFRAG": C.RTE_PTYPE_L4_NONFRAG, "L4_IGMP": C.RTE_PTYPE_L4_IGMP,
		"TUNNEL_IP": C.RTE_PTYPE_TUNNEL_IP, "TUNNEL_GRE": C.RTE_PTYPE_TUNNEL_GRE, "TUNNEL_VXLAN": C.RTE_PTYPE_TUNNEL_VXLAN,
		"TUNNEL_NVGRE": C.RTE_PTYPE_TUNNEL_NVGRE, "TUNNEL_GENEVE": C.RTE_PTYPE_TUNNEL_GENEVE, "TUNNEL_GRENAT": C.RTE_PTYPE_TUNNEL_GRENAT,
		"TUNNEL_GTPC": C.RTE_PTYPE_TUNNEL_GTPC, "TUNNEL_GTPU": C.RTE_PTYPE_TUNNEL_GTPU, "TUNNEL_ESP": C.RTE_PTYPE_TUNNEL_ESP,
		"TUNNEL_L2TP": C.RTE_PTYPE_TUNNEL_L2TP, "TUNNEL_VXLAN_GPE": C.RTE_PTYPE_TUNNEL_VXLAN_GPE,
		"TUNNEL_MPLS_IN_GRE": C.RTE_PTYPE_TUNNEL_MPLS_IN_GRE, "TUNNEL_MPLS_IN_UDP": C.RTE_PTYPE_TUNNEL_MPLS_IN_UDP,
		"INNER_L2_ETHER": C.RTE_PTYPE_INNER_L2_ETHER, "INNER_L2_ETHER_VLAN": C.RTE_PTYPE_INNER_L2_ETHER_VLAN, "INNER_L2_ETHER_QINQ": C.RTE_PTYPE_INNER_L2_ETHER_QINQ,
		"INNER_L3_IPV4": C.RTE_PTYPE_INNER_L3_IPV4, "INNER_L3_IPV4_EXT": C.RTE_PTYPE_INNER_L3_IPV4_EXT, "INNER_L3_IPV6": C.RTE_PTYPE_INNER_L3_IPV6,
		"INNER_L3_IPV4_EXT_UNKNOWN": C.RTE_PTYPE_INNER_L3_IPV4_EXT_UNKNOWN, "INNER_L3_IPV6_EXT": C.RTE_PTYPE_INNER_L3_IPV6_EXT,
		"INNER_L3_IPV6_EXT_UNKNOWN": C.RTE_PTYPE_INNER_L3_IPV6_EXT_UNKNOWN,
		"INNER_L4_TCP":              C.RTE_PTYPE_INNER_L4_TCP, "INNER_L4_UDP": C.RTE_PTYPE_INNER_L4_UDP, "INNER_L4_FRAG": C.RTE_PTYPE_INNER_L4_FRAG,
		"INNER_L4_SCTP": C.RTE_PTYPE_INNER_L4_SCTP, "INNER_L4_ICMP": C.RTE_PTYPE_INNER_L4_ICMP, "INNER_L4_NONFRAG": C.RTE_PTYPE_INNER_L4_NONFRAG,
	}
}

// order returns a sum as a number in network byte order.
func order(sum C.uint16_t) uint16 { return uint16(C.twin_be16(sum)) }

// RawChecksum returns the sum of n bytes.
//
// Implements: rte_raw_cksum
func RawChecksum(p unsafe.Pointer, n int) uint16 { return order(C.rte_raw_cksum(p, C.size_t(n))) }

// RawChecksumMbuf returns the sum of n bytes of m.
//
// Implements: rte_raw_cksum_mbuf
func RawChecksumMbuf(m unsafe.Pointer, off, n uint32) (sum uint16, ok bool) {
	var c C.uint16_t
	ok = C.rte_raw_cksum_mbuf(mbuf(m), C.uint32_t(off), C.uint32_t(n), &c) == 0
	return order(c), ok
}

// IPv4Checksum returns the checksum of an IPv4 header with a checksum field of 0.
//
// Implements: rte_ipv4_cksum
func IPv4Checksum(ip unsafe.Pointer) uint16 {
	return order(C.rte_ipv4_cksum((*C.struct_rte_ipv4_hdr)(ip)))
}

// PseudoChecksum returns the sum of the pseudo header of IPv4, or of IPv6.
//
// Implements: rte_ipv4_phdr_cksum, rte_ipv6_phdr_cksum
func PseudoChecksum(ip unsafe.Pointer, v6 bool) uint16 {
	if v6 {
		return order(C.rte_ipv6_phdr_cksum((*C.struct_rte_ipv6_hdr)(ip), 0))
	}
	return order(C.rte_ipv4_phdr_cksum((*C.struct_rte_ipv4_hdr)(ip), 0))
}

// L4Checksum returns the checksum of a TCP or UDP packet with a checksum field of 0.
//
// Implements: rte_ipv4_udptcp_cksum, rte_ipv6_udptcp_cksum
func L4Checksum(ip, l4 unsafe.Pointer, v6 bool) uint16 {
	if v6 {
		return order(C.rte_ipv6_udptcp_cksum((*C.struct_rte_ipv6_hdr)(ip), l4))
	}
	return order(C.rte_ipv4_udptcp_cksum((*C.struct_rte_ipv4_hdr)(ip), l4))
}

// VerifyL4 reports whether the checksum of a TCP or UDP packet is right.
//
// Implements: rte_ipv4_udptcp_cksum_verify, rte_ipv6_udptcp_cksum_verify
func VerifyL4(ip, l4 unsafe.Pointer, v6 bool) bool {
	if v6 {
		return C.twin_verify6(ip, l4) == 0
	}
	return C.twin_verify4(ip, l4) == 0
}

// L4ChecksumMbuf returns the checksum of a TCP or UDP packet at off in m, with a checksum field of 0.
//
// Implements: rte_ipv4_udptcp_cksum_mbuf, rte_ipv6_udptcp_cksum_mbuf
func L4ChecksumMbuf(m, ip unsafe.Pointer, off uint16, v6 bool) uint16 {
	if v6 {
		return order(C.twin_mbuf6(mbuf(m), ip, C.uint16_t(off)))
	}
	return order(C.twin_mbuf4(mbuf(m), ip, C.uint16_t(off)))
}

// VerifyL4Mbuf reports whether the checksum of a TCP or UDP packet at off in m is right.
//
// Implements: rte_ipv4_udptcp_cksum_mbuf_verify, rte_ipv6_udptcp_cksum_mbuf_verify
func VerifyL4Mbuf(m, ip unsafe.Pointer, off uint16, v6 bool) bool {
	if v6 {
		return C.twin_mbuf_verify6(mbuf(m), ip, C.uint16_t(off)) == 0
	}
	return C.twin_mbuf_verify4(mbuf(m), ip, C.uint16_t(off)) == 0
}

// NextExtension returns the type behind an IPv6 extension header, and its length.
//
// Implements: rte_ipv6_get_next_ext
func NextExtension(p unsafe.Pointer, protocol int) (next, n int) {
	var size C.size_t
	next = int(C.twin_next_ext(p, C.int(protocol), &size))
	return next, int(size)
}

// SkipExtensions skips the IPv6 extension headers of m at off. The protocol is -1 if they do not end.
//
// Implements: rte_net_skip_ip6_ext
func SkipExtensions(protocol uint16, m unsafe.Pointer, off uint32) (next int, end uint32, fragment bool) {
	o, f := C.uint32_t(off), C.int(0)
	next = int(C.rte_net_skip_ip6_ext(C.uint16_t(protocol), mbuf(m), &o, &f))
	return next, uint32(o), f != 0
}

// VLANStrip removes a VLAN tag from m.
//
// Implements: rte_vlan_strip
func VLANStrip(m unsafe.Pointer) bool { return C.rte_vlan_strip(mbuf(m)) == 0 }

// VLANInsert inserts a VLAN tag into m.
//
// Implements: rte_vlan_insert
func VLANInsert(m unsafe.Pointer) bool {
	c := mbuf(m)
	return C.rte_vlan_insert(&c) == 0
}

// MakeRARP returns a packet that announces mac, or nil.
//
// Implements: rte_net_make_rarp_packet
func MakeRARP(pool unsafe.Pointer, mac [6]byte) unsafe.Pointer {
	var a C.struct_rte_ether_addr
	for i, b := range mac {
		a.addr_bytes[i] = C.uint8_t(b)
	}
	return unsafe.Pointer(C.rte_net_make_rarp_packet((*C.struct_rte_mempool)(pool), &a))
}
