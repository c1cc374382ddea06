package main

import (
	"fmt"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// decoder decodes packets into layers that it reuses.
type decoder struct {
	eth     layers.Ethernet
	vlan    layers.Dot1Q
	arp     layers.ARP
	ip4     layers.IPv4
	ip6     layers.IPv6
	icmp4   layers.ICMPv4
	icmp6   layers.ICMPv6
	tcp     layers.TCP
	udp     layers.UDP
	parser  *gopacket.DecodingLayerParser
	decoded []gopacket.LayerType
}

func newDecoder() *decoder {
	d := new(decoder)
	d.parser = gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &d.eth, &d.vlan, &d.arp, &d.ip4, &d.ip6, &d.icmp4, &d.icmp6, &d.tcp, &d.udp)
	d.parser.IgnoreUnsupported = true
	return d
}

// describe returns a line with the addresses and the type of a packet, and its kind.
func (d *decoder) describe(data []byte) (line, kind string) {
	if err := d.parser.DecodeLayers(data, &d.decoded); err != nil && len(d.decoded) == 0 {
		return fmt.Sprint("? (", err, ")"), "other"
	}
	src, dst := d.eth.SrcMAC.String(), d.eth.DstMAC.String()
	kind = "other"
	what := d.eth.EthernetType.String()
	for _, t := range d.decoded {
		switch t {
		case layers.LayerTypeDot1Q:
			what = d.vlan.Type.String()
		case layers.LayerTypeARP:
			kind, what = "ARP", "ARP request"
			if d.arp.Operation == layers.ARPReply {
				what = "ARP reply"
			}
		case layers.LayerTypeIPv4:
			src, dst, what = d.ip4.SrcIP.String(), d.ip4.DstIP.String(), d.ip4.Protocol.String()
		case layers.LayerTypeIPv6:
			src, dst, what = d.ip6.SrcIP.String(), d.ip6.DstIP.String(), d.ip6.NextHeader.String()
		case layers.LayerTypeICMPv4:
			kind, what = "ICMP", "ICMP "+d.icmp4.TypeCode.String()
		case layers.LayerTypeICMPv6:
			kind, what = "ICMP", "ICMPv6 "+d.icmp6.TypeCode.String()
		case layers.LayerTypeTCP:
			kind, what = "TCP", fmt.Sprintf("TCP %d → %d", d.tcp.SrcPort, d.tcp.DstPort)
		case layers.LayerTypeUDP:
			kind, what = "UDP", fmt.Sprintf("UDP %d → %d", d.udp.SrcPort, d.udp.DstPort)
		}
	}
	return fmt.Sprintf("%s → %s  %s", src, dst, what), kind
}
