//go:build linux

package places

import (
	"context"
	"errors"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/place"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/harness"
)

const burst = 32

// A worker has a place with both queues of a port. It forwards from the port to the ring "received", and from the
// ring "to send" to the port, until it hears a line. It prints "attached", and "works" when it has the place.
var _ = harness.Role("worker", func(args []string) (err error) {
	cfg := harness.Config(0)
	cfg.FilePrefix, cfg.ProcessType, cfg.Lcores, cfg.MemoryMB, cfg.NoPCI = args[0], eal.Secondary, "", 0, false
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	received, err := ring.Lookup[*mbuf.Mbuf]("received")
	if err != nil {
		return err
	}
	toSend, err := ring.Lookup[*mbuf.Mbuf]("to send")
	if err != nil {
		return err
	}
	harness.Say("attached")
	ctx, cancel := context.WithCancel(context.Background())
	go func() { harness.Hear(); cancel() }()
	queues := []place.Queue{{Port: args[1]}}
	p, err := place.Claim(ctx, "worker of "+args[1], place.Parts{Rx: queues, Tx: queues})
	if err != nil {
		harness.Say("refused %v", err)
		return nil
	}
	in, err := place.NewBatch[*mbuf.Mbuf](p, "in", burst)
	if err != nil {
		return err
	}
	out, err := place.NewBatch[*mbuf.Mbuf](p, "out", burst)
	if err != nil {
		return err
	}
	harness.Say("works %v", p.Predecessor().End)
	for ctx.Err() == nil { // without a pause: a kill hits the driver often
		received.EnqueueBatch(in)
		if in.Len() == 0 {
			p.RxQueue(0).ReceiveBatch(in, burst)
		}
		toSend.DequeueBatch(out, burst-out.Len())
		p.TxQueue(0).SendBatch(out)
	}
	return p.Leave()
})

// A primary that sends back what it receives from an interface, until it is killed.
var _ = harness.Role("echo", func(args []string) error {
	cfg := harness.Config(0)
	cfg.FilePrefix = args[0]
	if _, err := eal.Init(cfg); err != nil {
		return err
	}
	pool, err := mbuf.CreatePool("packets", 2047, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	p, err := vdev.Open(vdev.AFPacket{Interface: args[1], Truncate: true}, ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	harness.Say("open")
	var pkts [burst]*mbuf.Mbuf
	var idle lcore.Idle
	for {
		n := p.RxQueue(0).Burst(pkts[:])
		mbuf.FreeBulk(pkts[p.TxQueue(0).Burst(pkts[:n]):n])
		idle.After(n)
	}
})
