package main

import (
	"errors"
	"fmt"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/udp"
)

// network makes the network of the mode. This is all that differs between the modes. end ends it, and returns how many mbufs are lost.
func network(s settings) (n udp.Network, end func() (lost int, err error), err error) {
	if s.mode == "kernel" {
		k, err := udp.NewKernel(udp.KernelConfig{})
		return k, func() (int, error) { return 0, k.Close() }, err
	}
	var undo []func() error
	var pool *mbuf.Pool
	end = func() (lost int, err error) {
		for i := len(undo) - 1; i >= 0; i-- {
			if i == 0 && pool != nil { // all but EAL has ended
				lost = pool.InUse()
			}
			err = errors.Join(err, undo[i]())
		}
		return lost, err
	}
	host, err := open(s, &undo, &pool)
	if err != nil {
		_, failed := end()
		return nil, nil, errors.Join(err, failed)
	}
	return host, end, nil
}

// open starts EAL, opens the port and makes the host. undo gets what ends them.
func open(s settings, undo *[]func() error, pool **mbuf.Pool) (*udp.Host, error) {
	rt, err := eal.Init(eal.Config{InMemory: true, MemoryMB: 64 * s.workers, NoPCI: len(s.options) == 0, Extra: s.options})
	if errors.Is(err, dpdk.ErrNoDPDK) {
		return nil, fmt.Errorf("%w: use -mode=kernel", err)
	}
	if err != nil {
		return nil, err
	}
	*undo = append(*undo, rt.Close)
	if *pool, err = mbuf.CreatePool("packets", 8191*s.workers, mbuf.PoolConfig{}); err != nil {
		return nil, err
	}
	p, err := ethdev.Attach(s.port)
	if err != nil {
		return nil, err
	}
	*undo = append(*undo, p.Detach)
	info, err := p.Info()
	if err != nil {
		return nil, err
	}
	cfg, _ := ethdev.Config{RxQueues: s.workers, TxQueues: s.workers, RSS: ethdev.RSSIP | ethdev.RSSUDP}.Clamp(info)
	cfg.Pool = *pool
	if err := p.Configure(cfg); err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	host, err := udp.NewHost(p, udp.Config{Addrs: s.addrs, Gateways: s.gateways})
	if err != nil {
		return nil, err
	}
	*undo = append(*undo, host.Close)
	fmt.Printf("dns: %v with %d queues, %v\n", p, max(cfg.RxQueues, 1), host.MAC())
	return host, nil
}
