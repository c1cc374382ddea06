package main

import (
	"fmt"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// As in the sample in C.
const (
	maxClients = 16
	poolName   = "MProc_pktmbuf_pool"
	portsName  = "MProc_port_info"
	ringSize   = 128
	burst      = 32
)

// Packets is a ring of pointers to packets. The packets themselves do not move.
type Packets = ring.Ring[*mbuf.Mbuf]

// ringName returns the name of the ring to a client.
func ringName(client int) string { return fmt.Sprintf("MProc_Client_%d_RX", client) }

// PortInfo is the block in shared memory: the server's ports, and counters. Each counter has one
// writer.
type PortInfo struct {
	NumPorts uint16
	ID       [ethdev.MaxPorts]uint16
	_        [(line - (1+ethdev.MaxPorts)*2%line) % line]byte

	Received [ethdev.MaxPorts]atomic.Uint64 // by the server, in the order of ID
	_        [(line - ethdev.MaxPorts*8%line) % line]byte

	Of [maxClients]Sent // by each client
}

// Sent holds a client's counters, in cache lines of their own: packets sent at each port, then
// packets refused at each port.
type Sent [(2*ethdev.MaxPorts*8 + line - 1) / line * line / 8]atomic.Uint64

func (s *Sent) sent(port int) *atomic.Uint64    { return &s[port] }
func (s *Sent) refused(port int) *atomic.Uint64 { return &s[ethdev.MaxPorts+port] }

const line = memzone.CacheLine
