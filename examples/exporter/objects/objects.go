// Package objects is a Collector of Prometheus over the objects of this process's DPDK, for a Go program that has a
// registry of its own:
//
//	registry.MustRegister(objects.New(rt))
//
// The metrics are those of the exporter. The calls take the locks that godpdk's own calls take, so ports, pools and
// rings may be created and freed meanwhile.
package objects

import (
	"errors"
	"log/slog"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/examples/exporter/metrics"
)

type collector struct {
	rt   *eal.Runtime
	port func(*ethdev.Port) (metrics.Port, error)
}

// New returns a collector of the ports, pools, rings and heaps that this process sees, in a primary or a secondary. After
// rt.Close it collects nothing. It leaves out objects that cannot be read, logs them, and counts them in dpdk_failed_commands.
func New(rt *eal.Runtime) prometheus.Collector { return collector{rt, readPort} }

func (c collector) Describe(ch chan<- *prometheus.Desc) { metrics.Describe(ch) }

func (c collector) Collect(ch chan<- prometheus.Metric) {
	if p := c.read(); p != nil {
		p.Collect(ch)
	}
}

// read returns nil if EAL does not run.
func (c collector) read() *metrics.Process {
	p := &metrics.Process{Prefix: c.rt.FilePrefix(), Info: telemetry.Info{Version: dpdk.Version(), PID: os.Getpid()}}
	over := false
	failed := func(what string, err error) bool {
		switch {
		case err == nil:
			return false
		case errors.Is(err, dpdk.ErrNotRunning):
			over = true
		case !errors.Is(err, dpdk.ErrNoDevice): // a port that was closed just now
			slog.Warn("an object of DPDK cannot be read", "object", what, "error", err)
			fallthrough
		default:
			p.Errors++
		}
		return true
	}
	ports, err := ethdev.List()
	failed("ports", err)
	for _, port := range ports {
		if v, err := c.port(port); !failed(port.Name(), err) {
			p.Ports = append(p.Ports, v)
		}
	}
	pools, err := mempool.List()
	failed("pools", err)
	for _, m := range pools {
		common, cached := uint64(m.Available), uint64(0)
		p.Pools = append(p.Pools, telemetry.Mempool{Name: m.Name, Populated: uint64(m.Populated), Common: &common, Cached: &cached})
	}
	rings, err := ring.List()
	failed("rings", err)
	for _, r := range rings {
		p.Rings = append(p.Rings, telemetry.Ring{Name: r.Name, Capacity: uint64(r.Capacity), Used: uint64(r.Len)})
	}
	heaps, err := c.rt.Memory()
	failed("heaps", err)
	for _, h := range heaps {
		p.Heaps = append(p.Heaps, telemetry.Heap{Name: "socket_" + h.Socket.String(), Size: h.Total, Free: h.Free, LargestFree: h.LargestFree})
	}
	if over {
		return nil
	}
	return p
}

func readPort(port *ethdev.Port) (v metrics.Port, err error) {
	s, err := port.Stats()
	if err != nil {
		return v, err
	}
	mac, err := port.MAC()
	if err != nil {
		return v, err
	}
	mtu, err := port.MTU()
	if err != nil {
		return v, err
	}
	v.Info = telemetry.PortInfo{Port: port.ID(), Name: port.Name(), MAC: strings.ToUpper(mac.String()), MTU: mtu, Started: telemetry.Flag(port.Started())}
	v.Stats = telemetry.PortStats{RxPackets: s.RxPackets, RxBytes: s.RxBytes, RxMissed: s.RxMissed, RxErrors: s.RxErrors, RxNoMbuf: s.RxNoMbuf,
		TxPackets: s.TxPackets, TxBytes: s.TxBytes, TxErrors: s.TxErrors}
	l, err := port.Link()
	if err != nil {
		return v, err
	}
	v.Link = telemetry.Link{Up: l.Up, FullDuplex: l.FullDuplex}
	if l.Speed > 0 {
		v.Link.Speed = uint32(l.Speed)
	}
	x, err := port.XStats()
	if err != nil {
		return v, err
	}
	values := make([]uint64, x.Len())
	if err := x.Read(values); err != nil {
		return v, err
	}
	v.XStats = map[string]uint64{}
	for i, name := range x.Names() {
		v.XStats[name] = values[i]
	}
	return v, nil
}
