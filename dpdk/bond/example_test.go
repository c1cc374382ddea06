package bond_test

import (
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk/bond"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/vdev"
)

func ExampleAdd() {
	pool, err := mbuf.CreatePool("example", 1023, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Free()
	for _, name := range []string{"net_null_a", "net_null_b"} { // as a NIC: only attached, not started
		member, err := ethdev.Attach(name)
		if err != nil {
			log.Fatal(err)
		}
		defer member.Detach()
	}
	port, err := vdev.Open(vdev.Bond{Members: []string{"net_null_a"}, Mode: vdev.ActiveBackup}, ethdev.Config{Pool: pool})
	if err != nil {
		log.Fatal(err)
	}
	defer port.Detach()

	second, err := ethdev.Lookup("net_null_b")
	if err != nil {
		log.Fatal(err)
	}
	if err := bond.Add(port, second); err != nil {
		log.Fatal(err)
	}
	members, err := bond.Members(port)
	for _, m := range members {
		fmt.Println(m.Name(), err)
	}
	// Output:
	// net_null_a <nil>
	// net_null_b <nil>
}
