package header_test

import (
	"fmt"

	"github.com/godpdk/godpdk/dpdk/header"
)

// ping is an Ethernet frame with an ICMP echo request.
func ping() []byte {
	b := make([]byte, 42)
	e := header.Ethernet(b)
	e.SetDestination(header.MAC{2, 0, 0, 0, 0, 2})
	e.SetSource(header.MAC{2, 0, 0, 0, 0, 1})
	e.SetType(header.EtherTypeIPv4)
	ip := header.IPv4(b[14:34])
	ip.Init(8)
	ip.SetTTL(64)
	ip.SetProtocol(header.ProtocolICMP)
	copy(ip[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	ip.UpdateHeaderChecksum()
	icmp := header.ICMP(b[34:])
	icmp.SetType(header.ICMPEchoRequest)
	icmp.SetSeq(7)
	icmp.SetChecksum(header.Checksum(icmp))
	return b
}

func Example() {
	frame := ping()
	eth, rest, ok := header.ParseEthernet(frame)
	if !ok || eth.Type() != header.EtherTypeIPv4 {
		return
	}
	ip, payload, ok := header.ParseIPv4(rest)
	if !ok || !ip.VerifyHeader() {
		return
	}
	icmp, _, ok := header.ParseICMP(payload)
	if !ok || icmp.Type() != header.ICMPEchoRequest {
		return
	}
	fmt.Println(eth.Source(), ip.Source(), "asks", ip.Destination(), "sequence", icmp.Seq())
	// Output: 02:00:00:00:00:01 10.0.0.1 asks 10.0.0.2 sequence 7
}

func ExampleParse() {
	frame := ping()
	h := header.Parse(frame)
	fmt.Println(h.Type, h.L3(), h.L4(), h.Len())
	fmt.Println(h.Type&header.L4Mask == header.L4ICMP, h.VerifyChecksum(frame))
	// Output:
	// L2_ETHER L3_IPV4 L4_ICMP 14 34 42
	// true good
}

// A router changes the time to live, and adjusts the checksum by RFC 1624.
func ExampleIPv4_DecrementTTL() {
	ip := header.IPv4(ping()[14:34])
	fmt.Println(ip.DecrementTTL(), ip.TTL(), ip.VerifyHeader())
	// Output: true 63 true
}

// The source address of a packet is translated, and its checksums are adjusted.
func ExampleUpdateChecksum32() {
	ip := header.IPv4(ping()[14:34])
	before, after := uint32(10<<24|1), uint32(192<<24|168<<16|1)
	copy(ip[12:16], []byte{192, 168, 0, 1})
	ip.SetChecksum(header.UpdateChecksum32(ip.Checksum(), before, after))
	fmt.Println(ip.Source(), ip.VerifyHeader())
	// Output: 192.168.0.1 true
}
