package lock_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/memzone"
)

// A table that processes in Go and in C change; C has an rte_spinlock_t there.
func ExampleSpin() {
	type table struct {
		lock     lock.Spin
		used     uint32
		sessions [16]uint64
	}
	v, err := memzone.CreateValue[table]("sessions", memzone.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Free()

	// In any process, after memzone.LookupValue:
	t := v.Get()
	t.lock.Lock()
	t.sessions[t.used] = 4711
	t.used++
	t.lock.Unlock()

	// With a bound, as the holder may be a process that has died:
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := t.lock.LockContext(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(t.used, t.sessions[0])
	t.lock.Unlock()
	// Output: 1 4711
}

// A clock that one process sets and all read.
func ExampleSeqValue() {
	type clock struct{ Cycles, Nanoseconds uint64 }
	v, err := memzone.CreateValue[lock.SeqValue[clock]]("clock", memzone.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Free()
	v.Get().Store(clock{Cycles: 3_000_000, Nanoseconds: 1_000_000})
	v.Get().Update(func(c *clock) { c.Cycles += 3; c.Nanoseconds++ })
	fmt.Println(v.Get().Load()) // never the cycles of one and the nanoseconds of another
	// Output: {3000003 1000001}
}

// Each waiter of an MCS lock brings a node.
func ExampleMCS() {
	type shared struct {
		lock  lock.MCS
		nodes [8]lock.MCSNode // one for each worker of all processes
		count uint64
	}
	v, err := memzone.CreateValue[shared]("queue", memzone.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Free()
	s, worker := v.Get(), 3
	mu, err := s.lock.Locker(&s.nodes[worker]) // once
	if err != nil {
		log.Fatal(err)
	}
	mu.Lock()
	s.count++
	mu.Unlock()
	fmt.Println(s.count)
	// Output: 1
}
