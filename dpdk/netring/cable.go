package netring

import (
	"errors"
	"fmt"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/newport"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// CableConfig configures a [Cable]. The zero value has one queue in each direction, of 1023
// packets.
type CableConfig struct {
	// Name is the start of the names of ports and rings. It must start with "net_ring_"; "" is
	// "net_ring_" and a free number. The ports of a Pair have "a" and "b" after the name.
	Name   string
	Queues int // of each port, in each direction; 0 is 1
	// Size is a power of two, one more than the number of packets in a full queue. 0 is 1024.
	Size int
	// Sync is the mode of both sides of the rings. The zero value allows several threads on a
	// queue.
	Sync   ring.Sync
	Socket dpdk.SocketID
}

// Cable is a port that receives what it sends, or two ports connected back to back. It owns
// its rings.
type Cable struct {
	A, B  *ethdev.Port // the same port for a Loopback
	rings []*ring.Ring[*mbuf.Mbuf]
}

// Loopback makes and starts a port that receives on queue n what it sends on queue n. Errors
// are those of [Open] and ring.Create; nothing is left behind then.
func Loopback(c CableConfig, cfg ethdev.Config) (*Cable, error) {
	return c.connect(1, func(cable *Cable, name string) (err error) {
		cable.A, err = Open(Config{Name: name, Rx: cable.rings, Tx: cable.rings, Socket: c.Socket}, cfg)
		cable.B = cable.A
		return err
	})
}

// Pair makes and starts two ports. Each receives on queue n what the other sends on queue n.
// Errors are those of [Open] and ring.Create; nothing is left behind then.
func Pair(c CableConfig, cfg ethdev.Config) (*Cable, error) {
	return c.connect(2, func(cable *Cable, name string) (err error) {
		there, back := cable.rings[:len(cable.rings)/2], cable.rings[len(cable.rings)/2:]
		cable.A, err = Open(Config{Name: name + "a", Rx: back, Tx: there, Socket: c.Socket}, cfg)
		if err == nil {
			cable.B, err = Open(Config{Name: name + "b", Rx: there, Tx: back, Socket: c.Socket}, cfg)
		}
		return err
	})
}

// connect makes the rings for the number of directions, and open makes the ports.
func (c CableConfig) connect(ways int, open func(cable *Cable, name string) error) (*Cable, error) {
	if c.Name == "" {
		c.Name = newport.Free(prefix)
	}
	if c.Queues == 0 {
		c.Queues = 1
	}
	if c.Size == 0 {
		c.Size = 1024
	}
	if c.Queues < 0 || c.Queues > MaxQueues {
		return nil, check.Invalid(op, c.Name, "Queues is %d: use 1 to %d", c.Queues, MaxQueues)
	}
	cable := &Cable{}
	for i := range ways * c.Queues {
		r, err := ring.Create[*mbuf.Mbuf](fmt.Sprintf("%s-%d", c.Name, i), c.Size, ring.Config{Producer: c.Sync, Consumer: c.Sync, Socket: c.Socket})
		if err != nil {
			return nil, errors.Join(err, cable.Close())
		}
		cable.rings = append(cable.rings, r)
	}
	if err := open(cable, c.Name); err != nil {
		return nil, errors.Join(err, cable.Close())
	}
	return cable, nil
}

// Close detaches the ports and frees the packets in the rings, and the rings. Received packets
// belong to the caller. A port that was detached before is not an error. Other errors are those
// of Detach: after dpdk.ErrBusy, call Close again.
func (c *Cable) Close() error {
	for _, p := range []*ethdev.Port{c.A, c.B} {
		if p == nil {
			continue
		}
		if err := p.Detach(); err != nil && !errors.Is(err, dpdk.ErrNoDevice) {
			return err
		}
	}
	for _, r := range c.rings {
		var pkts [64]*mbuf.Mbuf
		_ = control.Call(op, r.Name(), func() error { // not while EAL unmaps them
			for n := r.DequeueBurst(pkts[:]); n > 0; n = r.DequeueBurst(pkts[:]) {
				mbuf.FreeBulk(pkts[:n])
			}
			return nil
		})
		if err := r.Free(); err != nil && !errors.Is(err, dpdk.ErrNotFound) {
			return err
		}
	}
	c.rings = nil
	return nil
}
