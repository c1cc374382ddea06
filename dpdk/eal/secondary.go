package eal

import (
	"context"
	"strconv"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/group"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// SecondaryConfig is a Config with which a secondary fits the primary that runs
// with the file prefix: the primary's devices, drivers and memory options, as far
// as a secondary needs them. It needs no EAL in this process, and so serves those
// who start other processes, the primary itself among them.
//
// Lcores stays empty, with which Init takes a free lcore. Virtual devices are left
// out: a secondary gets its primary's by itself. Of a primary that is a C program
// only the prefix is known.
//
// It waits up to 10 s for a primary that is still starting. The error is
// dpdk.ErrNoPrimary if none runs, an *AttachError if the primary's godpdk or
// DPDK is another one, and EPERM if the runtime directory is one that Init refuses.
func SecondaryConfig(prefix string) (Config, error) {
	cfg := Config{ProcessType: Secondary, FilePrefix: prefix}
	if prefix == "" {
		prefix = "rte"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	f, err := group.Look(ctx, rundir.Path(prefix))
	if err != nil {
		return Config{}, attachError(err)
	}
	if f != nil {
		cfg.fill(f)
	}
	return cfg, nil
}

// fill takes over what the primary published.
func (c *Config) fill(f *group.Facts) {
	c.IOVAMode = IOVAVirtual
	if f.IOVA == IOVAPhysical.String() {
		c.IOVAMode = IOVAPhysical
	}
	for _, name := range group.Published {
		values, given := f.Options[name]
		if !given {
			continue
		}
		last := values[len(values)-1]
		switch name {
		case "allow":
			c.Allow = values
		case "block":
			c.Block = values
		case "no-pci":
			c.NoPCI = true
		case "driver-path":
			c.DriverPaths = values
		case "huge-dir":
			c.HugeDir = last
		case "base-virtaddr":
			if base, err := strconv.ParseUint(last, 0, 64); err == nil {
				c.BaseVirtAddr = uintptr(base)
			}
		case "vdev":
		default:
			option := "--" + name
			if known[name] != none {
				option += "=" + last
			}
			c.Extra = append(c.Extra, option)
		}
	}
}
