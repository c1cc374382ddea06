package pdump

import (
	"slices"

	"golang.org/x/net/bpf"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Direction is the direction of packets, seen from the primary.
type Direction uint8

// Directions.
const (
	Received    Direction = 1 << iota // by the port (RTE_PDUMP_FLAG_RX)
	Transmitted                       // handed to the port for transmission (RTE_PDUMP_FLAG_TX)

	both = Received | Transmitted
)

// String returns "received", "transmitted", or "unknown direction".
func (d Direction) String() string {
	switch d {
	case Received:
		return "received"
	case Transmitted:
		return "transmitted"
	}
	return "unknown direction"
}

// Config configures a [Capture]. The zero value captures whole frames of all queues in both directions.
type Config struct {
	Queues    []int     // nil is all queues that the port has now
	Direction Direction // 0 is both: Received|Transmitted
	// SnapLen is the largest number of bytes to copy of a packet, at most [MaxSnapLen]. 0 is the length of a frame of the
	// port's MTU, and at least 2,048.
	SnapLen int
	// Filter is a program of classic BPF, which the primary runs on each packet; nil captures all packets. See
	// [ParseFilter].
	Filter []bpf.RawInstruction
	// Ring is the number of copies that can wait for Burst: a power of two, of which the ring holds one less. 0 is
	// 4,096. The capture needs about Ring times SnapLen bytes of hugepages.
	Ring int
}

const (
	defaultSnapLen = 2048
	defaultRing    = 4096
	overhead       = 26 // of an Ethernet frame with two VLAN tags and a checksum, above the MTU

	// spare is the number of copies that are not in the ring: those that a burst of the primary makes, and those that
	// Burst has returned.
	spare = 1023
	// trailer is the room behind the bytes of a copy for padding, and for the options and the length of its block.
	trailer = 64
)

// MaxSnapLen is the largest Config.SnapLen.
const MaxSnapLen = 1<<16 - 1 - mbuf.DefaultHeadroom - trailer

// complete checks the configuration and replaces zero values.
func (c *Config) complete(p *ethdev.Port) error {
	invalid := func(format string, args ...any) error { return check.Invalid(opEnable, p.Name(), format, args...) }
	switch {
	case c.Direction > both:
		return invalid("Direction is %d: use Received, Transmitted, or both", c.Direction)
	case c.SnapLen < 0 || c.SnapLen > MaxSnapLen:
		return invalid("SnapLen is %d: use 1 to %d, or 0 for whole frames", c.SnapLen, MaxSnapLen)
	case c.Ring < 0 || c.Ring&(c.Ring-1) != 0 || c.Ring == 1:
		return invalid("Ring is %d: use a power of two from 2 on, or 0 for %d", c.Ring, defaultRing)
	}
	if err := checkFilter(p.Name(), c.Filter); err != nil {
		return err
	}
	if c.Direction == 0 {
		c.Direction = both
	}
	if c.Ring == 0 {
		c.Ring = defaultRing
	}
	if c.SnapLen == 0 {
		mtu, err := p.MTU()
		if err != nil {
			return err
		}
		c.SnapLen = min(max(defaultSnapLen, mtu+overhead), MaxSnapLen)
	}
	return nil
}

// hook is a queue and a direction in which the primary captures.
type hook struct {
	queue     uint16
	direction Direction
}

// hooks returns those of the configuration.
func (c *Config) hooks(p *ethdev.Port) ([]hook, error) {
	i, err := p.Info()
	if err != nil {
		return nil, err
	}
	var all []hook
	for _, d := range []struct {
		Direction
		queues int
	}{{Received, i.RxQueues}, {Transmitted, i.TxQueues}} {
		if c.Direction&d.Direction == 0 {
			continue
		}
		for q := range d.queues {
			if c.Queues == nil || slices.Contains(c.Queues, q) {
				all = append(all, hook{uint16(q), d.Direction})
			}
		}
	}
	for _, q := range c.Queues {
		if !slices.ContainsFunc(all, func(h hook) bool { return int(h.queue) == q }) {
			return nil, check.Invalid(opEnable, p.Name(), "queue %d does not exist: the port has %d receive and %d transmit queues", q, i.RxQueues, i.TxQueues)
		}
	}
	if len(all) == 0 {
		return nil, check.Invalid(opEnable, p.Name(), "the port has no queues: capture when the primary has configured it")
	}
	return all, nil
}
