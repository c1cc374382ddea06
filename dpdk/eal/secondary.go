package eal

import (
	"context"
	"strconv"
	"time"
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
	dir := runtimeDir(prefix)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := waitReady(ctx, dir, false); err != nil {
		return Config{}, err
	}
	t, f, err := openTable(dir)
	if t == nil && err == nil { // EAL is ready before its primary has published
		unlock, e := lockInit(ctx, dir, false)
		if e != nil {
			return Config{}, e
		}
		t, f, err = openTable(dir)
		unlock()
	}
	if t == nil || err != nil {
		return cfg, err
	}
	defer t.close()
	own := buildFacts()
	if err := f.checkBuild(&own, func(string, ...any) {}); err != nil {
		return Config{}, err
	}
	cfg.fill(f)
	return cfg, nil
}

// fill takes over what the primary published.
func (c *Config) fill(f *facts) {
	c.IOVAMode = IOVAVirtual
	if f.IOVA == IOVAPhysical.String() {
		c.IOVAMode = IOVAPhysical
	}
	for _, name := range published {
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
