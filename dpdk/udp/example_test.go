//go:build linux

package udp_test

import (
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
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

// openNetwork returns the network of a port, or that of the kernel in a program without DPDK or if the user asks for it.
func openNetwork(kernel bool) (udp.Network, error) {
	if kernel {
		return udp.NewKernel(udp.KernelConfig{})
	}
	_, err := eal.Init(eal.Config{})
	if errors.Is(err, dpdk.ErrNoDPDK) {
		return udp.NewKernel(udp.KernelConfig{})
	}
	if err != nil {
		return nil, err
	}
	port, err := ethdev.Open("net_af_xdp0,iface=eth1", ethdev.Config{})
	if err != nil {
		return nil, err
	}
	return udp.NewHost(port, udp.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}})
}

// One option makes a program run on kernel sockets. The rest of it is the same on a port.
func ExampleNewKernel() {
	network, err := openNetwork(true) // flag.Bool("kernel", false, "use kernel sockets")
	if err != nil {
		log.Fatal(err)
	}
	conn, err := network.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	client, err := network.Dial("udp", conn.LocalAddr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Write([]byte("hello")); err != nil {
		log.Fatal(err)
	}
	server := conn.(udp.Socket) // what *net.UDPConn does not have
	var in [32]udp.Datagram
	n, err := server.ReadBatch(in[:])
	if err != nil {
		log.Fatal(err)
	}
	for i := range in[:n] {
		fmt.Printf("%s to %v\n", in[i].Data(), in[i].To)
		in[i].Release()
	}
	fmt.Println(server.Stats().RxBytes, "bytes")
	// Output:
	// hello to 127.0.0.1
	// 5 bytes
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
