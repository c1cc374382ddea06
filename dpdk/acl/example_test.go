package acl_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/acl"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/rcu"
)

func ExampleTable() {
	const deny, allow = 1, 2
	t, err := acl.Create4("filter", []acl.Tuple{
		{Protocol: header.ProtocolTCP, DestinationPorts: acl.Port(22), Value: deny}, // the first one that matches wins
		{Source: netip.MustParsePrefix("10.0.0.0/8"), Value: allow},
	}, acl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Free()

	keys := make([]acl.Key4, 3)
	keys[0].Set(netip.MustParseAddrPort("10.1.1.1:1000"), netip.MustParseAddrPort("192.0.2.1:80"), header.ProtocolTCP)
	keys[1].Set(netip.MustParseAddrPort("10.1.1.1:1000"), netip.MustParseAddrPort("192.0.2.1:22"), header.ProtocolTCP)
	keys[2].Set(netip.MustParseAddrPort("203.0.113.1:1000"), netip.MustParseAddrPort("192.0.2.1:80"), header.ProtocolTCP)
	values := make([]uint32, len(keys))
	t.Classify(values, keys) // one call for all
	fmt.Println(values)
	// Output: [2 1 0]
}

// A goroutine classifies while another one replaces the rules.
func ExampleTable_Free() {
	q, err := rcu.Create("filters", 8, rcu.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer q.Free()
	first, err := acl.Create4("filter 1", []acl.Tuple{{Value: 1}}, acl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	var current atomic.Pointer[acl.Table4]
	current.Store(first)

	// What classifies loads the table for each burst, and is quiescent between two bursts.
	reader, err := q.RegisterAny()
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Unregister()
	reader.Online()
	values, keys := make([]uint32, 1), make([]acl.Key4, 1)
	current.Load().Classify(values, keys)
	fmt.Println(values)
	reader.Quiescent()

	// What replaces the rules frees the old table when no reader can be in it.
	second, err := acl.Create4("filter 2", []acl.Tuple{{Value: 2}}, acl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	old := current.Swap(second)
	reader.Offline() // here both are one goroutine
	if err := q.Synchronize(context.Background()); err != nil {
		log.Fatal(err)
	}
	if err := old.Free(); err != nil {
		log.Fatal(err)
	}

	current.Load().Classify(values, keys)
	fmt.Println(values)
	second.Free()
	// Output:
	// [1]
	// [2]
}

// Rules over a struct of the program's own. The fields of a key are in network byte order.
func ExampleCreate() {
	type key struct {
		Type   uint8
		_      [3]byte
		Tenant [4]byte
	}
	fields := []acl.Field{
		{Type: acl.Bits, Offset: int(unsafe.Offsetof(key{}.Type)), Size: 1},
		{Type: acl.Range, Offset: int(unsafe.Offsetof(key{}.Tenant)), Size: 4},
	}
	t, err := acl.Create[key]("tenants", fields, []acl.Rule{
		{Value: 1, Fields: []acl.Match{{Value: 7, MaskRange: 0xff}, {Value: 100, MaskRange: 199}}},
		{Value: 2, Fields: []acl.Match{{}, {Value: 0, MaskRange: 999}}},
	}, acl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Free()

	values := make([]uint32, 3)
	t.Classify(values, []key{{Type: 7, Tenant: [4]byte{3: 150}}, {Type: 8, Tenant: [4]byte{3: 150}}, {Type: 7, Tenant: [4]byte{2: 4}}})
	fmt.Println(values)
	// Output: [1 2 0]
}
