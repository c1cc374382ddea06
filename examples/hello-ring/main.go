// Command hello-ring sends values from one process to another over a ring in shared
// memory. Start it in one terminal, then once more in another.
package main

import (
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ring"
)

type Quote struct { // plain data without Go pointers: it lives in shared memory
	ID       uint64
	Bid, Ask uint32
}

func main() {
	rt, err := eal.Init(eal.Config{ProcessType: eal.Auto, FilePrefix: "hello", NoPCI: true})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()

	switch rt.ProcessType() {
	case eal.Primary: // the process that starts first
		r, err := ring.Create[Quote]("quotes", 1024, ring.Config{Producer: ring.Single, Consumer: ring.Single})
		if err != nil {
			log.Fatal(err)
		}
		n := r.EnqueueBurst([]Quote{{1, 99, 101}, {2, 98, 102}})
		fmt.Println(n, "quotes sent: start this program again in another terminal, then press Enter here")
		fmt.Scanln()
	case eal.Secondary: // the process that starts second
		r, err := ring.Lookup[Quote]("quotes") // fails if Quote has another size in the primary
		if err != nil {
			log.Fatal(err)
		}
		quotes := make([]Quote, 32)
		n := r.DequeueBurst(quotes)
		fmt.Println(n, "quotes received:", quotes[:n])
	}
}
