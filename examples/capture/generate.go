package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/packet"
	"github.com/godpdk/godpdk/dpdk/pdump"
)

// withPrimary runs f beside a primary, which it starts: this program again.
func withPrimary(ctx context.Context, f func(ctx context.Context, prefix string) error) (err error) {
	prefix := fmt.Sprint("capture", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "-primary", "-prefix", prefix)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		return err
	}
	defer func() {
		in.Close() // which ends it
		err = errors.Join(err, cmd.Wait())
	}()
	if !bufio.NewScanner(out).Scan() {
		return errors.New("the primary has not started")
	}
	return f(ctx, prefix)
}

// primary sends packets of several kinds to itself, a thousand a second, until its input ends.
func primary(ctx context.Context, prefix string) (err error) {
	rt, err := eal.Init(eal.Config{FilePrefix: prefix, Lcores: "0", MemoryMB: 64, NoPCI: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	pool, err := mbuf.CreatePool("packets", 2047, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	cable, err := netring.Loopback(netring.CableConfig{Name: "net_ring_demo"}, ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cable.Close()) }()
	if err := pdump.Init(); err != nil { // now others can capture
		return err
	}
	sink, err := packet.NewSink(cable.A.TxQueue(0), pool, packet.SinkConfig{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	fmt.Println("ready")

	ended := make(chan struct{})
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1)) // Ctrl-C reaches this process too, but it outlives the capture
		close(ended)
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	kinds := kinds()
	var pkts [packet.DefaultBurst]*mbuf.Mbuf
	for n := 0; ; n++ {
		select {
		case <-ended:
			return nil
		case <-tick.C:
		}
		if err := errors.Join(sink.WriteLayers(fix, kinds[n%len(kinds)]...), sink.Flush()); err != nil {
			return err
		}
		mbuf.FreeBulk(pkts[:cable.A.RxQueue(0).Burst(pkts[:])])
	}
}

var fix = gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}

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
