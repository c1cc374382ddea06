package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/vdev"
)

// godpdk is a port of a DPDK driver on the interface. Its loops run on an lcore, because the
// drivers take mbufs from the lcore's cache.
type godpdk struct {
	rt   *eal.Runtime
	pool *mbuf.Pool
	port *ethdev.Port
	rx   ethdev.RxQueue
	tx   ethdev.TxQueue
	pkts [burst]*mbuf.Mbuf
}

func openGodpdkAFPacket(p place) (contender, error) {
	return openGodpdk(p, vdev.AFPacket{Interface: p.Interface})
}

func openGodpdkAFXDP(p place) (contender, error) {
	return openGodpdk(p, vdev.AFXDP{Interface: p.Interface, ForceCopy: true})
}

func openGodpdk(p place, device vdev.Device) (contender, error) {
	rt, err := eal.Init(eal.Config{
		FilePrefix: fmt.Sprint("rival", os.Getpid()),
		Lcores:     fmt.Sprint("0@", p.CPU),
		InMemory:   true,
		MemoryMB:   64,
		NoPCI:      true,
		Logger:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		return nil, err
	}
	g := &godpdk{rt: rt}
	if g.pool, err = mbuf.CreatePool("packets", 8191, mbuf.PoolConfig{CacheSize: 256}); err != nil {
		return nil, errors.Join(err, g.close())
	}
	if g.port, err = vdev.Open(device, ethdev.Config{Pool: g.pool}); err != nil {
		return nil, errors.Join(err, g.close())
	}
	g.rx, g.tx = g.port.RxQueue(0), g.port.TxQueue(0)
	return g, nil
}

func (g *godpdk) host(f func() error) error {
	task, err := lcore.Launch(context.Background(), 0, func(context.Context) error { return f() })
	if err != nil {
		return err
	}
	return task.Wait(context.Background())
}

func (g *godpdk) receive(n int, look func([]byte)) error {
	for n > 0 {
		pkts := g.pkts[:g.rx.Burst(g.pkts[:])]
		for _, m := range pkts {
			look(m.Data())
		}
		mbuf.FreeBulk(pkts)
		n -= len(pkts)
	}
	return nil
}

func (g *godpdk) send(n int, data []byte) error {
	cache := g.pool.DefaultCache()
	for n > 0 {
		pkts := g.pkts[:min(n, burst)]
		if !cache.AllocBulk(pkts) {
			return errors.New("the pool is empty")
		}
		for _, m := range pkts {
			if !m.AppendBytes(data) {
				return fmt.Errorf("%d bytes do not fit into an mbuf", len(data))
			}
		}
		n -= len(pkts)
		for len(pkts) > 0 {
			pkts = pkts[g.tx.Burst(pkts):]
		}
	}
	return nil
}

func (g *godpdk) echo(n int) error {
	for sent, out := 0, 0; n > 0; n -= sent {
		sent, out = g.tx.Forward(g.pkts[:out], g.rx, g.pkts[:])
		for _, m := range g.pkts[:out] {
			swapMAC(m.Data())
		}
	}
	return nil
}

func (g *godpdk) close() (err error) {
	if g.port != nil {
		err = g.port.Detach()
	}
	return errors.Join(err, g.rt.Close())
}
