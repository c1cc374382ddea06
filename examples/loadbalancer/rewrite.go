//go:build linux

package main

import "github.com/godpdk/godpdk/dpdk/header"

// rewrite gives a packet of a flow its new addresses and checksums. All that it writes follows from the note and the flow, and nothing from the bytes that it
// replaces. So a worker can repeat what its predecessor had begun when it was killed.
//
// It returns the hop to which the packet goes.
func (s *Shared) rewrite(frame []byte, n *Note, f *Flow) Hop {
	vip := s.vip(n.Key.Client)
	before, after, hop := vip, f.Backend, f.ToBackend
	if !n.ToBackend {
		before, after, hop = f.Backend, vip, f.ToClient
	}
	eth := header.Ethernet(frame)
	eth.SetDestination(hop.MAC)
	eth.SetSource(s.MACs[hop.Port])

	l3, old, new := frame[n.L3:], before[:], after[:]
	if vip.netip().Is4() {
		ip := header.IPv4(l3)
		if n.ToBackend {
			ip.SetDestination(after.netip())
		} else {
			ip.SetSource(after.netip())
		}
		old, new = old[12:], new[12:]
		ip.SetChecksum(header.UpdateChecksumBytes(n.L3Sum, old, new))
	} else if ip := header.IPv6(l3); n.ToBackend {
		ip.SetDestination(after.netip())
	} else {
		ip.SetSource(after.netip())
	}

	l4, sum := frame[n.L4:], header.UpdateChecksumBytes(n.L4Sum, old, new)
	switch {
	case header.Protocol(n.Key.Protocol) == header.ProtocolTCP:
		header.TCP(l4).SetChecksum(sum)
	case n.L4Sum == 0: // UDP without a checksum
	case sum == 0:
		header.UDP(l4).SetChecksum(0xffff)
	default:
		header.UDP(l4).SetChecksum(sum)
	}
	return hop
}
