package main

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/packet"
)

var fix = gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}

// generate sends count packets of several kinds, a thousand a second, so that the example needs no
// NIC. A count of 0 is until ctx ends. It adds the same packets, serialized by gopacket's own
// buffer, to made.
func generate(ctx context.Context, tx ethdev.TxQueue, pool *mbuf.Pool, count int, made *digest) error {
	cache, err := pool.NewCache(64)
	if err != nil {
		return err
	}
	sink, err := packet.NewSink(tx, cache, packet.SinkConfig{})
	if err != nil {
		return errors.Join(err, cache.Close())
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	kinds := kinds()
	buf := gopacket.NewSerializeBuffer()
	for n := 0; (count == 0 || n < count) && ctx.Err() == nil && err == nil; <-tick.C {
		l := kinds[n%len(kinds)]
		if err = errors.Join(gopacket.SerializeLayers(buf, fix, l...), sink.WriteLayers(fix, l...)); err == nil {
			made.add(buf.Bytes())
			n++
			err = sink.Flush()
		}
		if errors.Is(err, syscall.EAGAIN) { // the capture is slow: the next flush sends the packet
			err = nil
		}
	}
	for err == nil && ctx.Err() == nil && errors.Is(sink.Flush(), syscall.EAGAIN) {
		<-tick.C
	}
	if e := sink.Close(); err == nil && ctx.Err() == nil {
		err = e
	}
	return errors.Join(err, cache.Close())
}

// kinds returns the layers of the packets.
func kinds() [][]gopacket.SerializableLayer {
	macA, macB := net.HardwareAddr{2, 0, 0, 0, 0, 1}, net.HardwareAddr{2, 0, 0, 0, 0, 2}
	ipA, ipB := net.IP{192, 0, 2, 1}, net.IP{192, 0, 2, 2}
	eth := func(t layers.EthernetType) *layers.Ethernet {
		return &layers.Ethernet{SrcMAC: macA, DstMAC: macB, EthernetType: t}
	}
	ip := func(p layers.IPProtocol) *layers.IPv4 {
		return &layers.IPv4{Version: 4, TTL: 64, Protocol: p, SrcIP: ipA, DstIP: ipB}
	}
	arp := &layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
		Operation: layers.ARPRequest, SourceHwAddress: macA, SourceProtAddress: ipA, DstHwAddress: make([]byte, 6), DstProtAddress: ipB}
	ping := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0), Id: 1, Seq: 1}

	tcpIP := ip(layers.IPProtocolTCP)
	tcp := &layers.TCP{SrcPort: 40000, DstPort: 443, SYN: true, Window: 65535}
	_ = tcp.SetNetworkLayerForChecksum(tcpIP)
	dnsIP := ip(layers.IPProtocolUDP)
	dns := &layers.UDP{SrcPort: 40001, DstPort: 53}
	_ = dns.SetNetworkLayerForChecksum(dnsIP)
	ip6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:db8::2")}
	udp6 := &layers.UDP{SrcPort: 40002, DstPort: 4000}
	_ = udp6.SetNetworkLayerForChecksum(ip6)

	return [][]gopacket.SerializableLayer{
		{&layers.Ethernet{SrcMAC: macA, DstMAC: layers.EthernetBroadcast, EthernetType: layers.EthernetTypeARP}, arp},
		{eth(layers.EthernetTypeIPv4), ip(layers.IPProtocolICMPv4), ping, gopacket.Payload(make([]byte, 56))},
		{eth(layers.EthernetTypeIPv4), tcpIP, tcp},
		{eth(layers.EthernetTypeIPv4), dnsIP, dns, &layers.DNS{ID: 1, RD: true, Questions: []layers.DNSQuestion{
			{Name: []byte("example.org"), Type: layers.DNSTypeA, Class: layers.DNSClassIN}}}},
		{eth(layers.EthernetTypeIPv6), ip6, udp6, gopacket.Payload(make([]byte, 1200))},
	}
}
