// Command nodpdk is a program for Host and Kernel. It prints which of them it uses, and what its sockets do.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/netip"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/udp"
)

// network returns the network of a port, or that of the kernel in a program without DPDK.
func network() (udp.Network, io.Closer, error) {
	_, err := eal.Init(eal.Config{NoPCI: true, InMemory: true})
	if errors.Is(err, dpdk.ErrNoDPDK) {
		fmt.Println("kernel sockets:", err)
		k, err := udp.NewKernel(udp.KernelConfig{})
		return k, k, err
	}
	return nil, nil, fmt.Errorf("this program has DPDK: %w", err)
}

func main() {
	n, end, err := network()
	if err != nil {
		log.Fatal(err)
	}
	server, err := n.ListenPacket("udp", ":0")
	if err != nil {
		log.Fatal(err)
	}
	port := netip.MustParseAddrPort(server.LocalAddr().String()).Port()
	conn, err := n.Dial("udp", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		log.Fatal(err)
	}
	s, c := server.(udp.Socket), conn.(udp.Socket)
	if err := errors.Join(s.SetDeadline(time.Now().Add(20*time.Second)), c.SetTOS(0xb9), c.SetTTL(33), s.SetControl(udp.ControlDestination)); err != nil {
		log.Fatal(err)
	}
	sent, err := c.WriteBatch([]udp.Message{{Data: []byte("one")}, {Data: make([]byte, 5000)}})
	fmt.Println("sent", sent, err)
	ds := make([]udp.Datagram, 2)
	for got := 0; got < sent; {
		k, err := s.ReadBatch(ds)
		if err != nil {
			log.Fatal(err)
		}
		for i := range ds[:k] {
			d := &ds[i]
			fmt.Printf("%d bytes to %v, TOS %#x, TTL %d, from IPv4 in IPv6 %v\n", len(d.Data()), d.To, d.TOS, d.TTL, d.From.Addr().Is4In6())
			d.Release()
		}
		got += k
	}
	_, err = c.Write([]byte("with a control message"))
	oob := make([]byte, 64)
	_, oobn, flags, _, failed := s.ReadMsgUDPAddrPort(make([]byte, 64), oob)
	fmt.Println("control", oobn, flags, err, failed)
	fmt.Printf("%+v\n%+v\n", s.Stats(), c.Stats())
	fmt.Println(end.Close(), s.Close() != nil)
}
