package rcu_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/godpdk/godpdk/dpdk/rcu"
)

// A reader in one process, a writer in another.
func ExampleQSBR_Synchronize() {
	q, err := rcu.Create("table", 8, rcu.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer q.Free()

	found, err := rcu.Lookup("table") // the reader's
	if err != nil {
		log.Fatal(err)
	}
	r, err := found.RegisterAny()
	if err != nil {
		log.Fatal(err)
	}
	defer r.Unregister()
	r.Online()
	// … use what the table leads to …

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	fmt.Println(q.Synchronize(ctx)) // the writer's

	r.Quiescent() // between two packets
	r.Offline()   // and before something that blocks
	fmt.Println(q.Synchronize(context.Background()))
	// Output:
	// rte_rcu_qsbr_check "table": context deadline exceeded: reader 0 has not passed: call Unregister for readers of dead C programs
	// <nil>
}

// Removed entries of a table go back to its free list when no reader can see them.
func ExampleDeferQueue() {
	q, err := rcu.Create("entries", 8, rcu.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer q.Free()
	var free []uint32
	d, err := rcu.NewDeferQueue(q, "removed entries", rcu.DeferConfig{Size: 1000}, func(entry uint32) {
		free = append(free, entry)
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range []uint32{7, 3} { // no new reader finds them
		if err := d.Enqueue(entry); err != nil {
			log.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(free)
	// Output: [7 3]
}
