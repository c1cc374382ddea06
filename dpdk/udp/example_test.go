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

// Two hosts with one address, as in two processes. Each has one queue of the port.
func ExampleCreateShared() {
	pool, err := mbuf.CreatePool("shared example", 4095, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Free()
	cable, err := netring.Loopback(netring.CableConfig{Queues: 2}, ethdev.Config{Pool: pool, RxQueues: 2, TxQueues: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer cable.Close()
	shared, err := udp.CreateShared("example")
	if err != nil {
		log.Fatal(err)
	}
	defer shared.Free()

	var hosts [2]*udp.Host
	for i := range hosts {
		hosts[i], err = udp.NewHost(cable.A, udp.Config{
			Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}, Shared: shared, FirstQueue: i, Queues: 1,
		})
		if err != nil {
			log.Fatal(err)
		}
		defer hosts[i].Close()
	}
	server, err := hosts[0].ListenPacket("udp", ":443")
	if err != nil {
		log.Fatal(err)
	}
	_, err = hosts[1].ListenPacket("udp", ":443")
	fmt.Println(err)
	client, err := hosts[1].Dial("udp", "10.0.0.2:443") // the first host has the socket
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Write([]byte("hello")); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1500)
	n, err := server.Read(buf)
	fmt.Println(string(buf[:n]), err)
	// Output:
	// listen udp :443: bind: address already in use
	// hello <nil>
}
