package fib_test

import (
	"fmt"
	"log"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/fib"
)

func ExampleTable4() {
	const drop = 1000
	t, err := fib.Create4("routes", fib.Config{Missing: drop})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Free()
	for prefix, neighbour := range map[string]uint64{"10.0.0.0/8": 1, "10.1.0.0/16": 2, "10.1.2.3/32": 3} {
		if err := t.Add(netip.MustParsePrefix(prefix), neighbour); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(t.Lookup(netip.MustParseAddr("10.1.7.7")))
	fmt.Println(t.Match(netip.MustParseAddr("10.1.7.7")))

	ips := []uint32{0x0a010203, 0x0aff0000, 0xc0000201} // as in the headers of a burst of packets
	hops := make([]uint64, len(ips))
	t.LookupBulk(hops, ips)
	fmt.Println(hops)
	// Output:
	// 2
	// {10.1.0.0/16 2} <nil>
	// [3 1 1000]
}

// A secondary finds the table by its name.
func ExampleLookup6() {
	t, err := fib.Create6("routes", fib.Config{EntrySize: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Free()
	if err := t.Add(netip.MustParsePrefix("2001:db8::/32"), 7); err != nil {
		log.Fatal(err)
	}

	found, err := fib.Lookup6("routes") // in another process
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Lookup(netip.MustParseAddr("2001:db8::1")))
	// Output: 7
}
