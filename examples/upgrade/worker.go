//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/place"
	"github.com/godpdk/godpdk/dpdk/ring"
)

const burst = 32

// batch is the packets in the hands of a worker. It is in shared memory, so it outlives the worker.
type batch = ring.Batch[*mbuf.Mbuf]

// ends returns functions that take packets from the one end of a place, and pass them on to the other one. They
// return how many packets they moved. The ends are queues of ports or rings.
func ends(p *place.Place) (take, pass func(*batch) int, err error) {
	parts := p.Parts()
	if len(parts.Rx) > 0 {
		q := p.RxQueue(0)
		take = func(b *batch) int { return q.ReceiveBatch(b, burst) }
	} else {
		r, e := ring.Lookup[*mbuf.Mbuf](parts.Consumes[0])
		take, err = func(b *batch) int { return r.DequeueBatch(b, burst) }, e
	}
	if len(parts.Tx) > 0 {
		q := p.TxQueue(0)
		pass = q.SendBatch
	} else {
		r, e := ring.Lookup[*mbuf.Mbuf](parts.Produces[0])
		pass, err = func(b *batch) int { return r.EnqueueBatch(b) }, errors.Join(err, e)
	}
	return take, pass, err
}

// work is the worker of a place. It waits for the end of its predecessor or, with takeOver, for a line on standard
// input, after which it asks its predecessor to leave. It spends the time busy on each burst.
func work(ctx context.Context, name string, takeOver bool, busy time.Duration) error {
	claim := place.Claim
	fmt.Println("waits")
	if takeOver {
		claim = place.TakeOver
		if !bufio.NewScanner(os.Stdin).Scan() {
			return nil
		}
	}
	p, err := claim(ctx, name, place.Parts{}) // the holder has declared the parts
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		return err
	}
	take, pass, err := ends(p)
	if err != nil {
		return err
	}
	b, err := place.NewBatch[*mbuf.Mbuf](p, "packets", burst)
	if err != nil {
		return err
	}
	fmt.Println("works", b.Len())
	var idle lcore.Idle
	for ctx.Err() == nil && !p.Wanted() {
		if b.Len() == 0 && take(b) > 0 {
			for start := time.Now(); time.Since(start) < busy; {
			}
		}
		idle.After(pass(b))
	}
	if errors.Is(context.Cause(ctx), dpdk.ErrPrimaryGone) { // no process is at the other ends
		fmt.Println("the holder has gone")
		return nil
	}
	fmt.Println("leaves", b.Len())
	return p.Leave() // the successor has its packets
}
