package mbuf_test

import (
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// A goroutine allocates through its own cache.
func Example() {
	pool, err := mbuf.CreatePool("example", 1023, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	cache, err := pool.NewCache(64)
	if err != nil {
		log.Fatal(err)
	}
	var pkts [32]*mbuf.Mbuf
	if !cache.AllocBulk(pkts[:]) {
		return // the pool has fewer than 32 left
	}
	for i, m := range pkts {
		payload, ok := m.Append(60) // false if it does not fit
		if ok {
			payload[0] = byte(i)
		}
	}
	fmt.Println(pkts[7].Len(), pkts[7].Data()[0])
	cache.FreeBulk(pkts[:])

	fmt.Println(cache.Close(), pool.Full(), pool.Free())
	// Output:
	// 60 7
	// <nil> true <nil>
}

// A Writer adds segments to the packet as needed.
func ExampleMbuf_Writer() {
	pool, err := mbuf.CreatePool("small", 63, mbuf.PoolConfig{DataRoom: mbuf.DefaultHeadroom + 16})
	if err != nil {
		log.Fatal(err)
	}
	m, ok := pool.Alloc()
	if !ok {
		return
	}
	fmt.Fprintf(m.Writer(pool), "%s of more than sixteen bytes", "a packet")
	fmt.Println(m.Len(), "bytes in", m.NumSegments(), "segments")
	m.Free()
	fmt.Println(pool.Full(), pool.Free())
	// Output:
	// 35 bytes in 3 segments
	// true <nil>
}

// A dynamic field exists in every mbuf, for all processes.
func ExampleRegisterField() {
	flow, err := mbuf.RegisterField[uint32]("example_flow", mbuf.FieldConfig{}) // in the primary
	if err != nil {
		log.Fatal(err)
	}
	pool, err := mbuf.CreatePool("fields", 63, mbuf.PoolConfig{})
	if err != nil {
		log.Fatal(err)
	}
	if m, ok := pool.Alloc(); ok {
		*flow.Of(m) = 42
		fmt.Println(*flow.Of(m))
		m.Free()
	}
	fmt.Println(pool.Free())
	// Output:
	// 42
	// <nil>
}
