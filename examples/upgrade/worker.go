//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/holder"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

const burst = 32

// batch is the packets in the hands of a worker. It is in shared memory, so it outlives the worker.
type batch = ring.Batch[*mbuf.Mbuf]

// stage is the two ends of a worker, which are queues of ports or rings. Both functions return how many packets
// they moved.
type stage struct{ take, pass func(*batch) int }

// stages find the ends of each worker.
var stages = map[string]func() (stage, error){
	"rx": func() (s stage, err error) {
		if s.take, err = receive("net_ring_a"); err == nil {
			s.pass, err = enqueue("received")
		}
		return s, err
	},
	"work": func() (s stage, err error) {
		if s.take, err = dequeue("received"); err == nil {
			s.pass, err = enqueue("worked")
		}
		return s, err
	},
	"tx": func() (s stage, err error) {
		if s.take, err = dequeue("worked"); err == nil {
			s.pass, err = send("net_ring_b")
		}
		return s, err
	},
}

func dequeue(name string) (func(*batch) int, error) {
	r, err := ring.Lookup[*mbuf.Mbuf](name)
	return func(b *batch) int { return r.DequeueBatch(b, burst) }, err
}

func enqueue(name string) (func(*batch) int, error) {
	r, err := ring.Lookup[*mbuf.Mbuf](name)
	return func(b *batch) int { return r.EnqueueBatch(b) }, err
}

// receive takes packets from a port. If the worker is killed before it has them in its batch, they are lost.
func receive(name string) (func(*batch) int, error) {
	port, err := ethdev.Lookup(name)
	if err != nil {
		return nil, err
	}
	q := port.RxQueue(0)
	var pkts [burst]*mbuf.Mbuf
	return func(b *batch) int { return b.Append(pkts[:q.Burst(pkts[:])]...) }, q.Err()
}

// send passes packets to a port. They leave the batch first: a packet that is lost when the worker is killed in
// the driver is better than a packet that two processes own.
func send(name string) (func(*batch) int, error) {
	port, err := ethdev.Lookup(name)
	if err != nil {
		return nil, err
	}
	q := port.TxQueue(0)
	var pkts [burst]*mbuf.Mbuf
	return func(b *batch) int {
		n := copy(pkts[:], b.Elems())
		b.Drop(n)
		sent := q.Burst(pkts[:n])
		b.Append(pkts[sent:n]...)
		return sent
	}, q.Err()
}

// work is a worker. It finds its ends before it waits for its place, so that the change of workers takes no
// longer than the change of the lock and of the batch. It spends the time busy on each burst.
func work(ctx context.Context, name, locks string, busy time.Duration) error {
	s, err := stages[name]()
	if err != nil {
		return err
	}
	fmt.Println("waits")
	place, err := holder.WaitLock(ctx, filepath.Join(locks, name+".lock"))
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		return err
	}
	defer place.Close()
	b, err := claim(ctx, name)
	if err != nil {
		return err
	}
	fmt.Println("works", b.Len())
	var idle lcore.Idle
	for ctx.Err() == nil {
		if b.Len() == 0 && s.take(b) > 0 {
			for start := time.Now(); time.Since(start) < busy; {
			}
		}
		idle.After(s.pass(b))
	}
	if errors.Is(context.Cause(ctx), dpdk.ErrPrimaryGone) { // no process is at the other ends
		fmt.Println("the holder has gone")
		return nil
	}
	fmt.Println("leaves", b.Len())
	return b.Leave() // the successor has its packets
}

// claim returns the batch of the worker's predecessor, with its packets. The primary may see the end of the
// predecessor later than the kernel releases the lock.
func claim(ctx context.Context, name string) (*batch, error) {
	for {
		b, err := ring.NewBatch[*mbuf.Mbuf](name, burst)
		if !errors.Is(err, dpdk.ErrBusy) && !errors.Is(err, dpdk.ErrAgain) {
			return b, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Millisecond):
		}
	}
}
