package eal

import (
	"context"
	"strconv"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/group"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// SecondaryConfig returns a Config for a secondary of the primary that runs with the file prefix. It has
// the primary's devices, drivers and memory options, as far as a secondary needs them. EAL need not
// run in this process: SecondaryConfig is for programs that start other processes, such as the
// primary itself.
//
// Lcores stays empty, so that Init takes a free lcore. Vdevs stays empty, because a secondary gets
// the virtual devices of its primary anyway. If the primary is a C program, only FilePrefix is set.
//
// SecondaryConfig waits up to 10 s for a primary that is still starting. The error is
// dpdk.ErrNoPrimary if no primary runs, an [*AttachError] if the primary has another godpdk or
// another DPDK, and dpdk.ErrPermission if Init would refuse the runtime directory.
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

// fill adopts the facts that the primary has published.
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
		case "vfio-intr":
			for v := VFIOLegacy; v <= VFIOMSIX; v++ {
				if v.String() == last {
					c.VFIOInterrupts = v
				}
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
