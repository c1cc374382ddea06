// Package header reads and writes the headers of packets, and computes their checksums. It is
// pure Go, needs neither DPDK nor EAL, and never allocates.
//
// # Views
//
// A header is a slice of the packet: [Ethernet], [VLAN], [ARP], [IPv4], [IPv6], [UDP], [TCP],
// [ICMP], [SCTP], [GRE], [VXLAN], [Geneve], [MPLS]. Its methods read and write the fields in network
// byte order. ParseIPv4 and its siblings check the lengths once, and return the header and the
// bytes behind it:
//
//	eth, rest, ok := header.ParseEthernet(m.Data())
//	if ok && eth.Type() == header.EtherTypeIPv4 {
//		ip, payload, ok := header.ParseIPv4(rest)
//		…
//	}
//
// A conversion such as header.IPv4(b) makes a view without a check, for example to write a new
// header. Its methods panic if b is too short for the field.
//
// # Packets
//
// [Parse] finds all headers of a frame at once. The method Parse of mbuf.Mbuf does the same for
// a packet of several segments. [Headers] has their lengths and offsets, and the packet type in
// DPDK's encoding.
//
// # Checksums
//
// Checksums are numbers as SetChecksum of a header takes them. [Checksum] is the Internet
// checksum of some bytes; [UpdateChecksum16] and its siblings adjust one after a change of a
// field. [Headers.VerifyChecksum] and [Headers.CompleteChecksum] handle the TCP, UDP, SCTP and
// ICMP checksum of a whole packet: see there for the unfinished checksums that veth and
// AF_PACKET deliver.
package header
