package vdev_test

import (
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/vdev"
)

func ExampleOpen() {
	pool, err := mbuf.CreatePool("example", 1023, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Free()
	port, err := vdev.Open(vdev.Null{Size: 1000}, ethdev.Config{Pool: pool})
	if err != nil {
		log.Fatal(err)
	}
	defer port.Detach()

	var pkts [32]*mbuf.Mbuf
	n := port.RxQueue(0).Burst(pkts[:])
	fmt.Println(n, pkts[0].Len())
	mbuf.FreeBulk(pkts[:n])
	// Output: 32 1000
}

// Args returns the devargs for eal.Config.Vdevs.
func ExampleArgs() {
	devargs, err := vdev.Args(
		vdev.Null{Name: "net_null_a", Size: 128},
		vdev.Memif{Name: "net_memif0", Role: vdev.MemifServer, ID: 2},
	)
	fmt.Println(devargs, err)
	_, err = vdev.Args(vdev.AFPacket{Interface: "eth77"})
	fmt.Println(err)
	// Output:
	// [net_null_a,size=128 net_memif0,role=server,id=2] <nil>
	// rte_dev_probe "net_af_packet": no such device: Interface: the network interface "eth77" does not exist in this network namespace: see "ip link"
}
