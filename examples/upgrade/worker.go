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

// A source and a sink are the two ends of a worker: a queue of a port, or a ring.
type (
	source func(pkts []*mbuf.Mbuf) int
	sink   func(pkts []*mbuf.Mbuf) int
)

// stages are the workers. Each finds its two ends.
var stages = map[string]func() (source, sink, error){
	"rx": func() (source, sink, error) {
		port, err := ethdev.Lookup("net_ring_a")
		if err != nil {
			return nil, nil, err
		}
		to, err := ring.Lookup[*mbuf.Mbuf]("received")
		if err != nil {
			return nil, nil, err
		}
		q := port.RxQueue(0)
		return q.Burst, to.EnqueueBurst, q.Err()
	},
	"work": func() (source, sink, error) {
		from, err := ring.Lookup[*mbuf.Mbuf]("received")
		if err != nil {
			return nil, nil, err
		}
		to, err := ring.Lookup[*mbuf.Mbuf]("worked")
		if err != nil {
			return nil, nil, err
		}
		return from.DequeueBurst, to.EnqueueBurst, nil
	},
	"tx": func() (source, sink, error) {
		from, err := ring.Lookup[*mbuf.Mbuf]("worked")
		if err != nil {
			return nil, nil, err
		}
		port, err := ethdev.Lookup("net_ring_b")
		if err != nil {
			return nil, nil, err
		}
		q := port.TxQueue(0)
		return from.DequeueBurst, q.Burst, q.Err()
	},
}

// work is a worker. It finds its ends before it waits for its place, so that the change of workers takes no
// longer than the change of the lock.
func work(ctx context.Context, stage, locks string) error {
	from, to, err := stages[stage]()
	if err != nil {
		return err
	}
	fmt.Println("waits")
	place, err := holder.WaitLock(ctx, filepath.Join(locks, stage+".lock"))
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		return err
	}
	defer place.Close()
	fmt.Println("works")
	var h hand
	var idle lcore.Idle
	for ctx.Err() == nil {
		h.take(from)
		idle.After(h.pass(to))
	}
	if errors.Is(context.Cause(ctx), dpdk.ErrPrimaryGone) { // no process is at the other ends
		fmt.Println("the holder has gone")
		return nil
	}
	for end := time.Now().Add(5 * time.Second); !h.empty() && time.Now().Before(end); {
		idle.After(h.pass(to))
	}
	fmt.Println("left", h.n-h.passed, "packets")
	return nil
}

// hand is the packets that a worker has taken from its source and not yet passed to its sink. It is in the
// memory of the process: if the process is killed, they are lost. A hand in shared memory, which a
// successor takes over, has the same two methods.
type hand struct {
	pkts      [burst]*mbuf.Mbuf
	n, passed int
}

func (h *hand) empty() bool { return h.passed == h.n }

// take fills an empty hand.
func (h *hand) take(from source) {
	if h.empty() {
		h.n, h.passed = from(h.pkts[:]), 0
	}
}

// pass passes on packets, and returns how many. The sink may take fewer than there are.
func (h *hand) pass(to sink) int {
	n := to(h.pkts[h.passed:h.n])
	h.passed += n
	return n
}
