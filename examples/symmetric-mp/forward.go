package main

import (
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

// Shared is the block in shared memory: each field has one writer.
type Shared struct {
	Processes atomic.Uint32 // primary: how many
	Stop      atomic.Uint32 // primary: all shall end
	_         [56]byte
	Of        [maxProcesses]Process
}

// Process is what one process tells the others.
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
	done // it touches no queue any more
)

// forward moves packets between the ports of each pair, on the process's own queue
// of each, until stop says so.
func (p *Process) forward(ports []*ethdev.Port, process int, stop func() bool) {
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
			for _, m := range pkts[:n] {
				swapMAC(m.Data())
			}
			partner := i ^ 1
			sent := tx[partner].Burst(pkts[:n])
			mbuf.FreeBulk(pkts[sent:n])
			p.Ports[i].Received.Add(uint64(n))
			p.Ports[partner].Sent.Add(uint64(sent))
			p.Ports[partner].Dropped.Add(uint64(n - sent))
			moved += n
		}
		idle.After(moved) // with a CPU for itself a process need not give way
	}
}

// swapMAC swaps a packet's Ethernet addresses, in shared memory.
func swapMAC(frame []byte) {
	if len(frame) < 12 {
		return
	}
	dst := [6]byte(frame)
	copy(frame, frame[6:12])
	copy(frame[6:], dst[:])
}
