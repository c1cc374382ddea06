package place_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/godpdk/godpdk/dpdk/place"
)

// A worker works until it is asked to leave. Its successor gets what the worker had.
func Example() {
	old, err := place.Claim(context.Background(), "example", place.Parts{Consumes: []string{"jobs"}})
	if err != nil {
		log.Fatal(err)
	}
	batch, err := place.NewBatch[uint64](old, "jobs", 32)
	if err != nil {
		log.Fatal(err)
	}
	batch.Append(1, 2, 3)
	go func() { // in practice another process
		for !old.Wanted() {
			time.Sleep(time.Millisecond) // in practice it polls
		}
		if err := old.Leave(); err != nil {
			log.Fatal(err)
		}
	}()

	p, err := place.TakeOver(context.Background(), "example", place.Parts{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	if batch, err = place.NewBatch[uint64](p, "jobs", 32); err != nil {
		log.Fatal(err)
	}
	fmt.Println(batch.Elems(), p.Predecessor().End, p.Parts().Consumes)
	// Output: [1 2 3] left [jobs]
}
