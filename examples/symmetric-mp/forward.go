package main

import (
	"context"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const (
	maxProcesses = 16
	maxPorts     = 8
	maxSeed      = 512 // a queue of net_ring holds 1023
	burst        = 32
	sharedZone   = "symmetric_mp"
)

// Shared is the block in shared memory. Each field has one writer.
type Shared struct {
	Processes atomic.Uint32 // primary: the number of processes
	Stop      atomic.Uint32 // primary: 1 ends all processes
	_         [56]byte
	Of        [maxProcesses]Process
}

// Process is the state of one process, for the others to read.
type Process struct {
	State atomic.Uint32
	_     [60]byte
	Ports [maxPorts]struct {
		Received, Sent, Dropped atomic.Uint64
	}
}

// States of a process.
const (
	absent uint32 = iota
	polling
	done // its queues are unused
)

// forward runs poll on this process's lcore, so that the drivers take mbufs from the lcore's cache.
func (p *Process) forward(ports []*ethdev.Port, process int, stop func() bool) error {
	task, err := lcore.Launch(context.Background(), lcore.Main(), func(context.Context) error {
		p.poll(ports, process, stop)
		return nil
	})
	if err != nil {
		return err
	}
	return task.Wait(context.Background())
}

// poll moves packets between the ports of each pair, on the queues of this process, until stop
// returns true.
func (p *Process) poll(ports []*ethdev.Port, process int, stop func() bool) {
	rx, tx := make([]ethdev.RxQueue, len(ports)), make([]ethdev.TxQueue, len(ports))
	for i, port := range ports {
		rx[i], tx[i] = port.RxQueue(process), port.TxQueue(process)
	}
	var pkts [burst]*mbuf.Mbuf
	p.State.Store(polling)
	defer p.State.Store(done)
	var idle lcore.Idle
	for !stop() {
		moved := 0
		for i := range ports {
			n := rx[i].Burst(pkts[:])
			if n == 0 {
				continue
			}
			partner := i ^ 1
			sent := tx[partner].Burst(pkts[:n])
			mbuf.FreeBulk(pkts[sent:n])
			p.Ports[i].Received.Add(uint64(n))
			p.Ports[partner].Sent.Add(uint64(sent))
			p.Ports[partner].Dropped.Add(uint64(n - sent))
			moved += n
		}
		idle.After(moved) // unnecessary for a process that has a CPU of its own
	}
}
