//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/hashtable"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/dpdk/ring"
)

const (
	burst       = 32
	ringSize    = 1024
	maxWorkers  = 16
	maxPorts    = 16
	maxBackends = 64
)

// Names of shared objects.
const (
	sharedName     = "loadbalancer"
	flowsName      = "flows"
	neighboursName = "neighbours"
	readersName    = "readers"
)

func placeName(worker int) string  { return fmt.Sprint("worker ", worker) }
func toWorker(worker int) string   { return fmt.Sprint("to worker ", worker) }
func fromWorker(worker int) string { return fmt.Sprint("from worker ", worker) }

// Packets is a ring of packets. The packets themselves do not move.
type Packets = ring.Ring[*mbuf.Mbuf]

// Addr is an IPv6 address, or ::ffff:a.b.c.d for the IPv4 address a.b.c.d.
type Addr [16]byte

func addrOf(a netip.Addr) Addr        { return a.As16() }
func (a Addr) netip() netip.Addr      { return netip.AddrFrom16(a).Unmap() }
func (a Addr) sameFamily(b Addr) bool { return a.netip().Is4() == b.netip().Is4() }

// Key identifies a flow. It is the same for packets in both directions. It has no padding.
type Key struct {
	Client           Addr
	ClientPort, Port uint16 // Port is that of the service
	Protocol         uint16
}

// bytes returns the bytes of the key, for hash functions.
func (k *Key) bytes() []byte { return (*[unsafe.Sizeof(Key{})]byte)(unsafe.Pointer(k))[:] }

// Hop is where a packet goes next.
type Hop struct {
	MAC  header.MAC
	Port uint16 // index of the port
}

// Flow is what is known of a flow.
type Flow struct {
	Backend             Addr
	ToBackend, ToClient Hop
	Seen                uint32 // when a packet came, in seconds of Shared.Now
}

// Flows is the table of all flows.
type Flows = hashtable.Table[Key, Flow]

// Neighbours is the table of the hops to the backends. A Hop has 8 bytes, so one atomic store replaces it.
type Neighbours = hashtable.Table[Addr, Hop]

// Backend is one of the backends for new flows.
type Backend struct {
	Addr   Addr
	Weight uint32
}

// Set is the backends for new flows.
type Set struct {
	N        uint32
	Backends [maxBackends]Backend
}

// Shared is the block of shared memory that the primary writes and workers read, except for the counters.
type Shared struct {
	VIPs    [2]Addr // of IPv4 and IPv6, or zero
	Workers uint32
	MACs    [maxPorts]header.MAC // of the ports
	Now     atomic.Uint32        // seconds since the start, at least 1

	// Active is the index of the set in use. The primary changes the other one, after all readers have left it.
	Active atomic.Uint32
	Sets   [2]Set

	Of [maxWorkers]Counters
}

// Counters are counters of a worker. They go on when the worker is replaced.
type Counters struct {
	Forwarded, Flows, Dropped atomic.Uint64
	_                         [5]uint64 // the other counters are in other cache lines
}

// vip returns the address of the service in the family of a.
func (s *Shared) vip(a Addr) Addr {
	if a.netip().Is4() {
		return s.VIPs[0]
	}
	return s.VIPs[1]
}

// tables are the objects that all processes look up.
type tables struct {
	flows      *Flows
	neighbours *Neighbours
	readers    *rcu.QSBR // of the sets
}
