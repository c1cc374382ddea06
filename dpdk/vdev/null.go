package vdev

import (
	"cmp"
	"math"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// Null is a device that discards the packets it sends (net_null). Its bursts receive as many
// packets as requested. With Copy the packets are zeroed; without it they have the old bytes of
// their mbufs.
type Null struct {
	Name string
	Size int // bytes of a received packet; 0 is 64
	// Copy copies the bytes of each packet in both directions, as other drivers do. Since
	// 25.07 DPDK leaks the sent packets then: there Copy is unsupported.
	Copy bool
	NoRx bool // receive nothing
}

func (d Null) driver() string { return "net_null" }
func (d Null) name() string   { return d.Name }

// Devargs implements [Device].
func (d Null) Devargs() (string, error) {
	w := newWriter(d)
	w.number("size", "Size", d.Size, 1, math.MaxUint16)
	w.flag("copy", "1", d.Copy)
	w.flag("no-rx", "1", d.NoRx)
	if d.Copy && d.NoRx {
		w.invalid("Copy and NoRx exclude each other: set one of them")
	}
	if d.Copy && !olderThan(25, 7) {
		w.unsupported("Copy", "before 25.07")
	}
	return w.devargs()
}

// check refuses packets that are larger than the mbufs: the driver would write past their ends.
func (d Null) check(name string, cfg ethdev.Config) error {
	size := cmp.Or(d.Size, 64)
	if n, ok := smallestBuffer(cfg); ok && size > n && !d.NoRx {
		return check.Invalid(op, name, "Size is %d, but the mbufs have %d bytes after the headroom: use a smaller Size, or a pool with a larger DataRoom", size, n)
	}
	return nil
}
