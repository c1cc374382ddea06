package netring

import (
	"errors"
	"fmt"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/device"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// CableConfig says what a cable is like. The zero value has one queue each way,
// of 1023 packets.
type CableConfig struct {
	// Name is what the names of ports and rings start with, and starts with
	// "net_ring_" itself; "" is that and a free number. A Pair's ports are the name
	// and "a", and the name and "b".
	Name   string
	Queues int // of each port, each way; 0 is 1
	// Size is how many packets a queue holds, and one more: a power of two; 0 is
	// 1024.
	Size int
	// Sync is how many may poll one queue at once; the zero value is the rings'
	// own, several.
	Sync   ring.Sync
	Socket dpdk.SocketID
}

// Cable is one port whose packets come back to it, or two ports back to back. It
// has rings of its own.
type Cable struct {
	A, B  *ethdev.Port // the same port for a Loopback
	rings []*ring.Ring[*mbuf.Mbuf]
}

// Loopback is a port that receives on queue n what it sends on queue n, started.
// Errors are those of Open and ring.Create; nothing is left then.
func Loopback(c CableConfig, cfg ethdev.Config) (*Cable, error) {
	return c.lay(1, func(cable *Cable, name string) (err error) {
		cable.A, err = Open(Config{Name: name, Rx: cable.rings, Tx: cable.rings, Socket: c.Socket}, cfg)
		cable.B = cable.A
		return err
	})
}

// Pair is two ports of which each receives on queue n what the other sends on
// queue n, both started. Errors are those of Open and ring.Create; nothing is left
// then.
func Pair(c CableConfig, cfg ethdev.Config) (*Cable, error) {
	return c.lay(2, func(cable *Cable, name string) (err error) {
		there, back := cable.rings[:len(cable.rings)/2], cable.rings[len(cable.rings)/2:]
		cable.A, err = Open(Config{Name: name + "a", Rx: back, Tx: there, Socket: c.Socket}, cfg)
		if err == nil {
			cable.B, err = Open(Config{Name: name + "b", Rx: there, Tx: back, Socket: c.Socket}, cfg)
		}
		return err
	})
}

// lay makes rings for the given number of ways and has open put ports to them.
func (c CableConfig) lay(ways int, open func(cable *Cable, name string) error) (*Cable, error) {
	if c.Name == "" {
		c.Name = device.Free(prefix)
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

// Close detaches the ports, frees the packets that are still under way, and the
// rings. Packets that were received are their holders'. Errors are those of Detach:
// after dpdk.ErrBusy call it again; a port that was detached before is none.
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
