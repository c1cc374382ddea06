package ring_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// A plain struct without pointers, of a multiple of 4 bytes.
type Quote struct {
	ID    uint32
	Price uint32
}

// One process creates a ring and fills it, another finds and empties it.
func ExampleCreate() {
	created, err := ring.Create[Quote]("my_rings", 1024, ring.Config{Producer: ring.Single, Consumer: ring.Single})
	if err != nil {
		log.Fatal(err)
	}
	defer created.Free()
	n := created.EnqueueBurst([]Quote{{1, 100}, {2, 250}}) // n of them went in

	found, err := ring.Lookup[Quote]("my_rings") // refused if Quote has another size there
	if err != nil {
		log.Fatal(err)
	}
	var quotes [32]Quote
	m := found.DequeueBurst(quotes[:])
	fmt.Println(n, m, quotes[:m])
	// Output: 2 2 [{1 100} {2 250}]
}

func ExampleLookup() {
	_, err := ring.Lookup[uint64]("not there")
	fmt.Println(errors.Is(err, dpdk.ErrNotFound))
	fmt.Println(err)
	// Output:
	// true
	// rte_ring_lookup "not there": no such file or directory: no process of this file prefix has created it
}

// Bulk moves all or nothing, Burst what fits. A full ring is not an error.
func ExampleRing_EnqueueBulkFree() {
	r, err := ring.Create[uint64]("small", 4, ring.Config{ExactSize: true})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Free()
	fmt.Println(r.EnqueueBulkFree([]uint64{1, 2, 3}))
	fmt.Println(r.EnqueueBulkFree([]uint64{4, 5}))
	fmt.Println(r.EnqueueBurstFree([]uint64{4, 5}))
	// Output:
	// 3 1
	// 0 1
	// 1 0
}

// Zero-copy: the elements are written and read in the ring's own memory.
func ExampleRing_ReserveBurst() {
	r, err := ring.Create[Quote]("in place", 64, ring.Config{Producer: ring.Single, Consumer: ring.HTS})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Free()

	room, err := r.ReserveBurst(8)
	if err != nil {
		log.Fatal(err)
	}
	for i := range room.Len() {
		*room.At(i) = Quote{ID: uint32(i)}
	}
	if err := r.Commit(room.Len()); err != nil {
		log.Fatal(err)
	}

	quotes, err := r.PeekBurst(32)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(quotes.Len(), quotes.At(7).ID)
	if err := r.Consume(quotes.Len()); err != nil {
		log.Fatal(err)
	}
	// Output: 8 7
}

func ExampleList() {
	r, err := ring.Create[uint64]("listed", 64, ring.Config{Consumer: ring.Single})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Free()
	r.Enqueue(1)

	all, err := ring.List()
	if err != nil {
		log.Fatal(err)
	}
	for _, i := range all {
		if i.Name == "listed" {
			fmt.Printf("%d of %d, %v to %v\n", i.Len, i.Capacity, i.Producer, i.Consumer)
		}
	}
	// Output: 1 of 63, MT to ST
}

func ExampleBatch() {
	in, err := ring.Create[uint64]("in", 64, ring.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer in.Free()
	out, err := ring.Create[uint64]("out", 64, ring.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer out.Free()
	in.EnqueueBurst([]uint64{1, 2, 3})

	batch, err := ring.NewBatch[uint64]("worker 1", 32) // claims what a worker of that name has left
	if err != nil {
		log.Fatal(err)
	}
	defer batch.Close()
	in.DequeueBatch(batch, 32)
	for i := range batch.Elems() {
		batch.Elems()[i] *= 10
	}
	out.EnqueueBatch(batch)
	fmt.Println(out.Len(), batch.Len())
	// Output: 3 0
}
