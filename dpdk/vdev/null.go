package vdev

import (
	"cmp"
	"math"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// Null is a device that drops what it sends and receives as many packets as it is
// asked for (net_null). Their bytes are what the mbufs held before, or zeros with
// Copy.
type Null struct {
	Name string
	Size int // bytes of a received packet; 0 is 64
	// Copy is to touch the bytes of each packet, both ways, as other drivers must. DPDK
	// has lost the packets that are sent so since 25.07: there it is unsupported.
	Copy bool
	NoRx bool // receive nothing
}

func (d Null) driver() string { return "net_null" }
func (d Null) name() string   { return d.Name }

// Devargs implements Device.
func (d Null) Devargs() (string, error) {
	w := newWriter(d)
	w.number("size", "Size", d.Size, 1, math.MaxUint16)
	w.flag("copy", "1", d.Copy)
	w.flag("no-rx", "1", d.NoRx)
	if d.Copy && d.NoRx {
		w.invalid("Copy and NoRx exclude each other")
	}
	if d.Copy && !olderThan(25, 7) {
		w.unsupported("Copy", "before 25.07")
	}
	return w.devargs()
}

// check refuses packets that are larger than the mbufs: the driver does not look.
func (d Null) check(name string, cfg ethdev.Config) error {
	size := cmp.Or(d.Size, 64)
	if n, ok := smallestBuffer(cfg); ok && size > n && !d.NoRx {
		return check.Invalid(op, name, "Size is %d, but the mbufs to receive into have %d bytes behind their headroom", size, n)
	}
	return nil
}
