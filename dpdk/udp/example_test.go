//go:build linux

package udp_test

import (
	"fmt"
	"log"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/udp"
)

func ExampleNewHost() {
	pool, err := mbuf.CreatePool("example", 2047, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Free()
	cable, err := netring.Loopback(netring.CableConfig{}, ethdev.Config{Pool: pool})
	if err != nil {
		log.Fatal(err)
	}
	defer cable.Close()

	host, err := udp.NewHost(cable.A, udp.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}})
	if err != nil {
		log.Fatal(err)
	}
	defer host.Close()
	server, err := host.ListenPacket("udp", ":443")
	if err != nil {
		log.Fatal(err)
	}
	client, err := host.Dial("udp", "10.0.0.2:443")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Write([]byte("hello")); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1500)
	n, from, err := server.ReadFromUDPAddrPort(buf)
	fmt.Printf("%s from %v, %v\n", buf[:n], from.Addr(), err)
	// Output: hello from ::ffff:10.0.0.2, <nil>
}
