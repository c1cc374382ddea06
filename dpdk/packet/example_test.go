package packet_test

import (
	"context"
	"fmt"
	"log"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/packet"
)

// Packets are decoded in their mbufs, into layers that are allocated once.
func ExampleSource() {
	pool, err := mbuf.CreatePool("decoded", 1023, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	port, err := ethdev.Open("net_ring_decoded", ethdev.Config{Pool: pool}) // it receives the packets that it sends
	if err != nil {
		log.Fatal(err)
	}
	send(port, pool)

	source, err := packet.NewSource(context.Background(), port.RxQueue(0), packet.SourceConfig{})
	if err != nil {
		log.Fatal(err)
	}
	var eth layers.Ethernet
	var ip layers.IPv4
	var udp layers.UDP
	var payload gopacket.Payload
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &ip, &udp, &payload)
	decoded := make([]gopacket.LayerType, 0, 4)
	for range 2 {
		data, _, err := source.ZeroCopyReadPacketData() // data is valid until the next read
		if err != nil {
			log.Fatal(err)
		}
		if err := parser.DecodeLayers(data, &decoded); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v:%d → %v:%d %s\n", ip.SrcIP, udp.SrcPort, ip.DstIP, udp.DstPort, []byte(payload))
	}
	source.Close()
	fmt.Println(port.Detach(), pool.Free())
	// Output:
	// 192.0.2.1:1000 → 192.0.2.2:2000 one
	// 192.0.2.1:1000 → 192.0.2.2:2000 two
	// <nil> <nil>
}

func send(port *ethdev.Port, pool *mbuf.Pool) {
	sink, err := packet.NewSink(port.TxQueue(0), pool, packet.SinkConfig{})
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := sink.WriteLayers(fix, udp([]byte(text))...); err != nil {
			log.Fatal(err)
		}
	}
	if err := sink.Close(); err != nil {
		log.Fatal(err)
	}
}

// Layers are written into an mbuf, and then others around them.
func ExampleSerialize() {
	pool, err := mbuf.CreatePool("serialized", 63, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	m, ok := pool.Alloc()
	if !ok {
		return
	}
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	eth := layers.Ethernet{SrcMAC: macA, DstMAC: macB, EthernetType: layers.EthernetTypeIPv4}
	ip := layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolICMPv4, SrcIP: ipA, DstIP: ipB}
	ping := layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0), Seq: 1}
	if err := packet.Serialize(m, opts, &eth, &ip, &ping, gopacket.Payload("an echo, please, of these words")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Len(), "bytes")

	gre := layers.GRE{Protocol: layers.EthernetTypeTransparentEthernetBridging}
	ip.Protocol = layers.IPProtocolGRE
	if err := packet.Serialize(m, opts, &eth, &ip, &gre); err != nil { // a tunnel, without a copy
		log.Fatal(err)
	}
	fmt.Println(m.Len(), "bytes")
	m.Free()
	fmt.Println(pool.Free())
	// Output:
	// 73 bytes
	// 111 bytes
	// <nil>
}
