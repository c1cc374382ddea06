package mempool_test

import (
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk/mempool"
)

// A goroutine takes and returns objects through its own cache.
func Example() {
	pool, err := mempool.Create("example", 1023, 64, mempool.Config{})
	if err != nil {
		log.Fatal(err)
	}
	cache, err := pool.NewCache(32)
	if err != nil {
		log.Fatal(err)
	}
	objs := make([]mempool.Object, 8)
	if !cache.GetBulk(objs) {
		log.Fatal("the pool has fewer than 8 objects left")
	}
	copy(pool.Bytes(objs[0]), "hello")
	fmt.Printf("%s, %d objects in use\n", pool.Bytes(objs[0])[:5], len(objs))
	cache.PutBulk(objs)
	fmt.Println(cache.Close(), pool.Full(), pool.Free())
	// Output:
	// hello, 8 objects in use
	// <nil> true <nil>
}
