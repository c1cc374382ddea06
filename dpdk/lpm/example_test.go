package lpm_test

import (
	"fmt"
	"log"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/lpm"
)

func ExampleTable4() {
	t, err := lpm.Create4("routes", lpm.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Free()
	for prefix, neighbour := range map[string]uint32{"10.0.0.0/8": 1, "10.1.0.0/16": 2, "10.1.2.3/32": 3} {
		if err := t.Add(netip.MustParsePrefix(prefix), neighbour); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(t.Lookup(netip.MustParseAddr("10.1.7.7")))
	fmt.Println(t.Lookup(netip.MustParseAddr("192.0.2.1")))

	ips := []uint32{0x0a010203, 0x0aff0000, 0xc0000201} // as in the headers of a burst of packets
	results := make([]lpm.Result, len(ips))
	t.LookupBulk(results, ips)
	for _, r := range results {
		fmt.Println(r.NextHop(), r.OK())
	}
	// Output:
	// 2 true
	// 0 false
	// 3 true
	// 1 true
	// 0 false
}

// A secondary finds the table by its name.
func ExampleLookup6() {
	t, err := lpm.Create6("routes", lpm.Config{MaxRoutes: 1000})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Free()
	if err := t.Add(netip.MustParsePrefix("2001:db8::/32"), 7); err != nil {
		log.Fatal(err)
	}

	found, err := lpm.Lookup6("routes") // in another process
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Lookup(netip.MustParseAddr("2001:db8::1")))
	// Output: 7 true
}
