// Command hello-port receives packets from a port, counts them, and sends them back,
// until Ctrl-C. Without an argument the port is net_null, which needs no NIC;
// "hello-port net_af_packet0,iface=eth1" uses an interface of the kernel.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

func main() {
	rt, err := eal.Init(eal.Config{InMemory: true, NoPCI: true})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	pool, err := mbuf.CreatePool("packets", 8191, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	port, err := ethdev.Open(append(os.Args[1:], "net_null0")[0], ethdev.Config{Pool: pool})
	if err != nil {
		log.Fatal(err)
	}
	defer port.Close()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fmt.Println("forwarding on", port, "until Ctrl-C")
	rx, tx := port.RxQueue(0), port.TxQueue(0)
	pkts, received, sent := make([]*mbuf.Mbuf, 32), 0, 0
	var idle lcore.Idle // sleeps while no packets come
	for ctx.Err() == nil {
		n := rx.Burst(pkts)
		out := tx.Burst(pkts[:n])
		mbuf.FreeBulk(pkts[out:n]) // the port did not take these
		received, sent = received+n, sent+out
		idle.After(n)
	}
	fmt.Println(received, "packets received,", sent, "sent")
}
