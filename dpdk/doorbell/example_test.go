//go:build linux

package doorbell_test

import (
	"context"
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk/doorbell"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// A consumer that is fast while there is work, and sleeps while there is none. The producer may be in another process: it finds the
// ring with ring.Lookup and the doorbell with memzone.LookupValue.
func Example() {
	orders, err := ring.Create[uint64]("orders", 1024, ring.Config{Producer: ring.Single, Consumer: ring.Single})
	if err != nil {
		log.Fatal(err)
	}
	defer orders.Free()
	v, err := memzone.CreateValue[doorbell.Doorbell]("orders bell", memzone.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Free()
	bell := v.Get()

	ctx, cancel := context.WithCancel(context.Background())
	defer context.AfterFunc(ctx, bell.Ring)() // a sleep also ends with ctx
	sums := make(chan uint64)
	go func() {
		defer close(sums)
		idle := lcore.Idle{Waiter: bell.NewWaiter()}
		var objs [32]uint64
		for ctx.Err() == nil {
			n := orders.DequeueBurst(objs[:])
			sum := uint64(0)
			for _, v := range objs[:n] {
				sum += v
			}
			if n > 0 {
				sums <- sum
			}
			idle.After(n)
		}
	}()

	orders.EnqueueBulk([]uint64{40, 2})
	bell.Ring()
	fmt.Println(<-sums)
	cancel()
	<-sums // the goroutine has ended: only now may the ring be freed
	// Output: 42
}
