package memzone_test

import (
	"fmt"
	"log"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/memzone"
)

// Counters that all processes add to.
func ExampleCreateValue() {
	type stats struct{ hits, misses atomic.Uint64 }

	created, err := memzone.CreateValue[stats]("stats", memzone.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer created.Free()
	created.Get().hits.Add(2)

	// In any process:
	found, err := memzone.LookupValue[stats]("stats")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Get().hits.Add(1), found.Get().misses.Load())
	// Output: 3 0
}

func ExampleReserve() {
	z, err := memzone.Reserve("table", 1000, memzone.Config{Align: 4096})
	if err != nil {
		log.Fatal(err)
	}
	defer z.Free()
	copy(z.Bytes(), "shared by all processes")

	same, err := memzone.Lookup("table")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes: %s\n", len(same.Bytes()), same.Bytes()[:23])
	// Output: 1024 bytes: shared by all processes
}
