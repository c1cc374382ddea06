//go:build linux

// Package read reads the objects of DPDK processes for top: over telemetry, or as a secondary.
package read

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/examples/top/sample"
)

// Source reads one target.
type Source interface {
	// Read adds what the source knows to a target, where another source has not set it yet, and sets Via. The error is
	// that of a target that does not answer; then Via is unchanged, and what was added is incomplete.
	Read(ctx context.Context, t *sample.Target) error
	Close() error
}

// overTelemetry reads a primary through its telemetry socket.
type overTelemetry struct{ client *telemetry.Client }

// Telemetry returns the source of a telemetry socket.
func Telemetry(path string, cfg telemetry.Config) Source {
	return overTelemetry{telemetry.NewClient(path, cfg)}
}

func (o overTelemetry) Close() error { return o.client.Close() }

func (o overTelemetry) Read(ctx context.Context, t *sample.Target) error {
	c := o.client
	info, err := c.Info(ctx)
	if err != nil {
		return err
	}
	t.Version = info.Version
	if p := t.Primary(); p.PID == 0 {
		p.PID = info.PID
	}
	for _, read := range []func(context.Context, *sample.Target) error{o.ports, o.rings, o.pools, o.heaps, o.lcores} {
		if err := read(ctx, t); err != nil {
			return err
		}
	}
	t.Via = "telemetry"
	return nil
}

func (o overTelemetry) ports(ctx context.Context, t *sample.Target) error {
	return each(ctx, t, "ports", o.client.Ports, func(id int) error {
		i, err := o.client.PortInfo(ctx, id)
		if err != nil {
			return err
		}
		i.RxQueues, i.TxQueues = number(i.RxQueues), number(i.TxQueues)
		s, err := o.client.PortStats(ctx, id)
		if err != nil {
			return err
		}
		link, err := o.client.PortLink(ctx, id)
		if err != nil {
			return err
		}
		p := sample.Port{
			ID: id, Name: i.Name, MAC: i.MAC, MTU: i.MTU, Started: bool(i.Started), LinkUp: link.Up,
			RxPackets: count(s.RxPackets), TxPackets: count(s.TxPackets), RxBytes: count(s.RxBytes), TxBytes: count(s.TxBytes),
			Missed: count(s.RxMissed), NoMbuf: count(s.RxNoMbuf), RxErrors: count(s.RxErrors), TxErrors: count(s.TxErrors),
		}
		if link.Up && link.Speed != ^uint32(0) {
			p.Speed = link.Speed
		}
		p.Queues = queues(&i, &s)
		if len(s.RxQueuePackets) == 0 { // DPDK 25.11
			x, err := o.client.PortXStats(ctx, id)
			if err != nil && !errors.Is(err, dpdk.ErrOverflow) {
				return err
			}
			p.Queues = xqueues(&i, x)
		}
		t.Ports = append(t.Ports, p)
		return nil
	}, nil)
}

// number returns a number of queues that DPDK can have: the reply is a text of another process.
func number(queues int) int {
	const most = 1024 // RTE_MAX_QUEUES_PER_PORT
	return min(max(queues, 0), most)
}

// queues returns the counters by queue; none if the driver does not count by queue.
func queues(i *telemetry.PortInfo, s *telemetry.PortStats) []sample.Queue {
	at := func(of []uint64, n, q int) sample.Counter {
		if q < n && q < len(of) {
			return count(of[q])
		}
		return sample.Counter{}
	}
	all := make([]sample.Queue, min(max(i.RxQueues, i.TxQueues), max(len(s.RxQueuePackets), len(s.TxQueuePackets))))
	for q := range all {
		all[q] = sample.Queue{ID: q,
			RxPackets: at(s.RxQueuePackets, i.RxQueues, q), RxBytes: at(s.RxQueueBytes, i.RxQueues, q),
			TxPackets: at(s.TxQueuePackets, i.TxQueues, q), TxBytes: at(s.TxQueueBytes, i.TxQueues, q)}
	}
	return counted(all, s.RxPackets+s.TxPackets)
}

// xqueues takes the counters by queue from the extended statistics.
func xqueues(i *telemetry.PortInfo, x map[string]uint64) []sample.Queue {
	all := make([]sample.Queue, max(i.RxQueues, i.TxQueues))
	for q := range all {
		at := func(direction, what string) sample.Counter {
			return count(x[fmt.Sprintf("%s_q%d_%s", direction, q, what)])
		}
		all[q] = sample.Queue{ID: q, RxPackets: at("rx", "packets"), RxBytes: at("rx", "bytes"), TxPackets: at("tx", "packets"), TxBytes: at("tx", "bytes")}
	}
	return counted(all, x["rx_good_packets"]+x["tx_good_packets"])
}

// counted returns the queues, or none if the port has packets and the queues have not.
func counted(all []sample.Queue, packets uint64) []sample.Queue {
	var sum uint64
	for _, q := range all {
		sum += q.RxPackets.Total + q.TxPackets.Total
	}
	if sum == 0 && packets > 0 {
		return nil
	}
	return all
}

func (o overTelemetry) rings(ctx context.Context, t *sample.Target) error {
	return each(ctx, t, "rings", o.client.Rings, func(name string) error {
		r, err := o.client.Ring(ctx, name)
		if err == nil {
			t.Rings = append(t.Rings, sample.Ring{Name: r.Name, Used: r.Used, Capacity: r.Capacity, Sync: r.Producer + "/" + r.Consumer})
		}
		return err
	}, func() { t.Notes = append(t.Notes, "rings: "+t.Version+" has no telemetry of them. "+hint(t)) })
}

func (o overTelemetry) pools(ctx context.Context, t *sample.Target) error {
	uncounted := false
	err := each(ctx, t, "pools", o.client.Mempools, func(name string) error {
		m, err := o.client.Mempool(ctx, name)
		if err != nil {
			return err
		}
		p := sample.Pool{Name: m.Name, Size: m.Populated, Bytes: m.ElementSize + m.HeaderSize + m.TrailerSize, Cached: m.Cached}
		if n, ok := m.InUse(); ok {
			p.InUse = &n
		} else {
			uncounted = true
		}
		t.Pools = append(t.Pools, p)
		return nil
	}, nil)
	if uncounted {
		t.Notes = append(t.Notes, "pools: "+t.Version+" has no telemetry of what is in use. "+hint(t))
	}
	return err
}

// hint is how to see what telemetry does not give.
func hint(t *sample.Target) string { return "A secondary sees it: -attach " + t.Prefix }

func (o overTelemetry) heaps(ctx context.Context, t *sample.Target) error {
	return each(ctx, t, "heaps", o.client.Heaps, func(id int) error {
		h, err := o.client.Heap(ctx, id)
		if err == nil {
			t.Heaps = append(t.Heaps, sample.Heap{Name: h.Name, Size: h.Size, Used: h.Allocated})
		}
		return err
	}, nil)
}

func (o overTelemetry) lcores(ctx context.Context, t *sample.Target) error {
	err := each(ctx, t, "lcores", o.client.Lcores, func(id int) error {
		l, err := o.client.Lcore(ctx, id)
		if err == nil {
			t.Lcores = append(t.Lcores, sample.Lcore{ID: l.ID, Role: l.Role, CPUs: l.CPUs})
		}
		return err
	}, nil)
	if err != nil {
		return err
	}
	usage, err := o.client.LcoreUsage(ctx)
	for _, u := range usage {
		l := Lcore(t, u.Lcore)
		l.Cycles, l.BusyCycles = count(u.Total), count(u.Busy)
	}
	return tolerate(t, "lcores", err, nil)
}

// Lcore returns the lcore of a target with this ID, and adds it if the target has none.
func Lcore(t *sample.Target, id int) *sample.Lcore {
	at := 0
	for ; at < len(t.Lcores) && t.Lcores[at].ID <= id; at++ {
		if t.Lcores[at].ID == id {
			return &t.Lcores[at]
		}
	}
	t.Lcores = append(t.Lcores, sample.Lcore{})
	copy(t.Lcores[at+1:], t.Lcores[at:])
	t.Lcores[at] = sample.Lcore{ID: id}
	return &t.Lcores[at]
}

func count(n uint64) sample.Counter { return sample.Counter{Total: n} }

// each calls f for each element of a list of this name. It calls missing, which may be nil, if the process's DPDK has no
// such command.
func each[K any](ctx context.Context, t *sample.Target, name string, list func(context.Context) ([]K, error), f func(K) error, missing func()) error {
	keys, err := list(ctx)
	if err := tolerate(t, name, err, missing); err != nil {
		return err
	}
	for _, k := range keys {
		if err := tolerate(t, name, f(k), missing); err != nil {
			return err
		}
	}
	return nil
}

// tolerate drops the errors after which the process still answers, as of a port that was closed meanwhile. If one means
// that entries of a list are missing, it adds a note.
func tolerate(t *sample.Target, list string, err error, missing func()) error {
	switch {
	case errors.Is(err, dpdk.ErrUnsupported):
		if missing != nil {
			missing()
		}
		return nil
	case errors.Is(err, dpdk.ErrNotFound):
		return nil
	case errors.Is(err, dpdk.ErrOverflow), errors.Is(err, dpdk.ErrBadMessage), errors.Is(err, dpdk.ErrMessageSize):
		if note := list + ": the list is incomplete"; !slices.Contains(t.Notes, note) {
			t.Notes = append(t.Notes, note)
		}
		return nil
	}
	return err
}
