package ethdev_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Read the names once and the values often.
func ExamplePort_XStats() {
	pool, err := mbuf.CreatePool("counted", 1023, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Free()
	port, err := ethdev.Open("net_null_counted,size=100", ethdev.Config{Pool: pool})
	if err != nil {
		log.Fatal(err)
	}
	defer port.Detach()

	stats, err := port.XStats()
	if err != nil {
		log.Fatal(err)
	}
	received, ok := stats.ID("rx_q0_packets")
	if !ok {
		log.Fatal("the driver does not count by queue")
	}
	values := make([]uint64, stats.Len())

	pkts := make([]*mbuf.Mbuf, 32)
	for range 3 {
		mbuf.FreeBulk(pkts[:port.RxQueue(0).Burst(pkts)])
		if err := stats.Read(values); err != nil {
			log.Fatal(err)
		}
		fmt.Println(values[received])
	}
	// Output:
	// 32
	// 64
	// 96
}

// Events are queued until they are received. A select can wait for other channels too.
func ExampleSubscribe() {
	events, err := ethdev.Subscribe(ethdev.EventNew | ethdev.EventDestroy)
	if err != nil {
		log.Fatal(err)
	}
	defer events.Close()
	port, err := ethdev.Attach("net_null_event")
	if err != nil {
		log.Fatal(err)
	}
	if err := port.Detach(); err != nil {
		log.Fatal(err)
	}
	for range 2 {
		fmt.Println((<-events.C).Type)
	}
	// Output:
	// new
	// destroy
}

// An idle goroutine sleeps until a packet comes.
func ExampleRxQueue_WaitBurst() {
	serve := func(ctx context.Context, rx ethdev.RxQueue, tx ethdev.TxQueue) error {
		pkts := make([]*mbuf.Mbuf, 32)
		for {
			n, err := rx.WaitBurst(ctx, pkts)
			if err != nil {
				return err // the context's, or the reason why the port receives no more
			}
			sent := tx.Burst(pkts[:n])
			mbuf.FreeBulk(pkts[sent:n])
		}
	}
	pool, err := mbuf.CreatePool("waits", 1023, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Free()
	port, err := ethdev.Open("net_ring_waits", ethdev.Config{Pool: pool, RxInterrupts: true})
	if err != nil {
		log.Fatal(err)
	}
	defer port.Detach()
	err = serve(context.Background(), port.RxQueue(0), port.TxQueue(0))
	fmt.Println(errors.Is(err, dpdk.ErrUnsupported)) // net_ring has no receive interrupts
	// Output:
	// true
}
