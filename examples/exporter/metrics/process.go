package metrics

import (
	"context"
	"errors"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/telemetry"
)

// Process holds the numbers of one DPDK process at one moment.
type Process struct {
	Prefix string // file prefix
	Info   telemetry.Info
	Ports  []Port
	Pools  []telemetry.Mempool
	Rings  []telemetry.Ring
	Heaps  []telemetry.Heap
	Lcores []telemetry.LcoreUsage
	Errors int // commands that failed
}

// Port is an Ethernet port.
type Port struct {
	Info   telemetry.PortInfo
	Stats  telemetry.PortStats
	XStats map[string]uint64
	Link   telemetry.Link
}

// Groups are the groups of metrics. Package telemetry explains in "Safety" which of them can crash a C program that
// frees ports or pools while it runs.
var Groups = []string{"ports", "pools", "rings", "heaps", "lcores"}

// Read asks a process for some groups. The error is that of a process that does not answer: the numbers read before it are
// incomplete. Commands that fail, such as one about a port that was closed meanwhile, are counted, except those that
// the process's DPDK does not have.
func Read(ctx context.Context, c *telemetry.Client, prefix string, groups []string) (Process, error) {
	p := Process{Prefix: prefix}
	var err error
	if p.Info, err = c.Info(ctx); err != nil {
		return p, err
	}
	read := map[string]func() error{
		"ports": func() error {
			return each(ctx, c.Ports, func(port int) (err error) {
				var v Port
				if v.Info, err = c.PortInfo(ctx, port); err != nil {
					return err
				}
				if v.Stats, err = c.PortStats(ctx, port); err != nil {
					return err
				}
				if v.Link, err = c.PortLink(ctx, port); err != nil {
					return err
				}
				v.XStats, err = c.PortXStats(ctx, port)
				p.Ports = append(p.Ports, v)
				return err
			}, &p.Errors)
		},
		"pools": func() error { return each(ctx, c.Mempools, add(ctx, c.Mempool, &p.Pools), &p.Errors) },
		"rings": func() error { return each(ctx, c.Rings, add(ctx, c.Ring, &p.Rings), &p.Errors) },
		"heaps": func() error { return each(ctx, c.Heaps, add(ctx, c.Heap, &p.Heaps), &p.Errors) },
		"lcores": func() (err error) {
			p.Lcores, err = c.LcoreUsage(ctx)
			return tolerate(err, &p.Errors)
		},
	}
	for _, g := range groups {
		if err := read[g](); err != nil {
			return p, err
		}
	}
	return p, nil
}

// each calls f for each key of a list.
func each[K any](ctx context.Context, list func(context.Context) ([]K, error), f func(K) error, errs *int) error {
	keys, err := list(ctx)
	if err := tolerate(err, errs); err != nil {
		return err
	}
	for _, k := range keys {
		if err := tolerate(f(k), errs); err != nil {
			return err
		}
	}
	return nil
}

// add returns a function that appends what get returns.
func add[K, V any](ctx context.Context, get func(context.Context, K) (V, error), all *[]V) func(K) error {
	return func(k K) error {
		v, err := get(ctx, k)
		if err == nil {
			*all = append(*all, v)
		}
		return err
	}
}

// tolerate counts the errors after which the process still answers.
func tolerate(err error, errs *int) error {
	switch {
	case err == nil, errors.Is(err, dpdk.ErrUnsupported):
		return nil
	case errors.Is(err, dpdk.ErrNotFound), errors.Is(err, dpdk.ErrOverflow), errors.Is(err, dpdk.ErrBadMessage), errors.Is(err, dpdk.ErrMessageSize):
		*errs++
		return nil
	}
	return err
}
