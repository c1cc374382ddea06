package hash_test

import (
	"fmt"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/hash"
)

// A client that chooses a source port so that the replies arrive on the receive queue that it polls.
// In a program, the key and the table are those of the port: ethdev.Port.RSSHash and Port.RETA.
func ExampleToeplitz_SourcePorts() {
	h, err := hash.NewToeplitz(hash.SymmetricKey(40))
	if err != nil {
		fmt.Println(err)
		return
	}
	reta := []int{0, 1, 2, 3, 0, 1, 2, 3}
	local, remote := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddrPort("192.0.2.2:443")
	for port := range h.SourcePorts(local, remote, reta, 2) {
		reply := h.Flow(remote, netip.AddrPortFrom(local, port))
		fmt.Println("queue", reta[reply%8])
		break
	}
	// Output: queue 2
}

func ExampleCRC32C() {
	fmt.Printf("%08x\n", hash.CRC32C([]byte("123456789"), 0xffffffff)^0xffffffff)
	// Output: e3069283
}
