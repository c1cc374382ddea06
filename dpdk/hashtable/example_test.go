//go:build linux && cgo

package hashtable_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/hashtable"
)

// Flow identifies packets of one connection. It has no padding.
type Flow struct {
	Src, Dst         uint32
	SrcPort, DstPort uint16
	Proto            uint32
}

// Backend is what a load balancer knows of a connection.
type Backend struct {
	Addr    uint32
	MAC     [6]byte
	Packets uint64
}

func ExampleTable() {
	t, err := hashtable.Create[Flow, Backend]("flows", 1000, hashtable.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Free()
	web := Flow{Src: 0x0a000001, Dst: 0x0a000002, SrcPort: 40_000, DstPort: 80, Proto: 6}
	if err := t.Add(web, Backend{Addr: 0x0a010001}); err != nil {
		log.Fatal(err)
	}

	b, ok := t.Lookup(web)
	fmt.Printf("%#x %v\n", b.Addr, ok)

	burst := []Flow{web, {Proto: 17}} // from the headers of a burst of packets
	backends, found := make([]Backend, len(burst)), make([]bool, len(burst))
	n := t.LookupBulk(backends, found, burst)
	fmt.Println(n, found)
	for flow, backend := range t.All() {
		fmt.Println(flow.DstPort, backend.Packets)
	}
	// Output:
	// 0xa010001 true
	// 1 [true false]
	// 80 0
}

// A secondary finds the table by its name. Of several processes that see a new connection, one decides.
func ExampleLookup() {
	t, err := hashtable.Create[Flow, uint32]("connections", 1000, hashtable.Config{Function: hashtable.ByJenkins, Seed: 0x5eed})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Free()

	found, err := hashtable.Lookup[Flow, uint32]("connections") // in another process
	if err != nil {
		log.Fatal(err)
	}
	flow := Flow{Src: 1, Dst: 2}
	fmt.Println(t.LookupOrAdd(flow, 7))
	fmt.Println(found.LookupOrAdd(flow, 8))
	_, err = hashtable.Lookup[uint64, uint32]("connections")
	fmt.Println(errors.Is(err, dpdk.ErrInvalid)) // the keys have other types
	// Output:
	// 7 false <nil>
	// 7 true <nil>
	// true
}
