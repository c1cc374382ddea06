package netring_test

import (
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
)

func ExamplePair() {
	pool, err := mbuf.CreatePool("example", 1023, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Free()
	cable, err := netring.Pair(netring.CableConfig{}, ethdev.Config{Pool: pool})
	if err != nil {
		log.Fatal(err)
	}
	defer cable.Close()

	m, _ := pool.Alloc()
	data, _ := m.Append(60)
	copy(data, "over the cable")
	cable.A.TxQueue(0).Burst([]*mbuf.Mbuf{m})

	var pkts [32]*mbuf.Mbuf
	n := cable.B.RxQueue(0).Burst(pkts[:])
	fmt.Printf("%d: %s\n", n, pkts[0].Data()[:14])
	mbuf.FreeBulk(pkts[:n])
	// Output: 1: over the cable
}
