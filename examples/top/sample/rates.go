package sample

import (
	"slices"
	"time"
)

// shortest is the shortest time between two readings that gives a rate.
const shortest = time.Millisecond

// Rates sets the rates of now from the reading before it. A counter that went back, because it was reset or its process
// was restarted, and a counter that was not there before have no rate.
func Rates(before, now *Target) {
	seconds := now.Time.Sub(before.Time).Seconds()
	if before.Time.IsZero() || seconds < shortest.Seconds() || before.PID() != now.PID() {
		return
	}
	set := func(before, now *Counter) {
		if now.Total >= before.Total {
			rate := float64(now.Total-before.Total) / seconds
			now.Rate = &rate
		}
	}
	pairs(before.Processes, now.Processes, func(p Process) any { return p.PID }, func(a, b *Process) { set(&a.CPU, &b.CPU) })
	pairs(before.Ports, now.Ports, func(p Port) any { return [2]any{p.ID, p.Name} }, func(a, b *Port) {
		for i, c := range b.counters() {
			set(a.counters()[i], c)
		}
		pairs(a.Queues, b.Queues, func(q Queue) any { return q.ID }, func(a, b *Queue) {
			for i, c := range b.counters() {
				set(a.counters()[i], c)
			}
		})
	})
	pairs(before.Lcores, now.Lcores, func(l Lcore) any { return l.ID }, func(a, b *Lcore) {
		set(&a.Cycles, &b.Cycles)
		set(&a.BusyCycles, &b.BusyCycles)
		if b.Cycles.Rate != nil && b.BusyCycles.Rate != nil && *b.Cycles.Rate > 0 {
			busy := min(*b.BusyCycles.Rate / *b.Cycles.Rate, 1)
			b.Busy = &busy
		}
		if a.CPU != nil && b.CPU != nil {
			set(a.CPU, b.CPU)
		}
	})
}

// Primary returns the primary, and adds it in front of the secondaries if the target has none.
func (t *Target) Primary() *Process {
	for i := range t.Processes {
		if t.Processes[i].Role == "primary" {
			return &t.Processes[i]
		}
	}
	t.Processes = slices.Insert(t.Processes, 0, Process{Role: "primary", State: Unknown})
	return &t.Processes[0]
}

// PID returns the ID of the primary, 0 if it is unknown.
func (t *Target) PID() int {
	for _, p := range t.Processes {
		if p.Role == "primary" {
			return p.PID
		}
	}
	return 0
}

// Stale returns a copy without rates, for a reading that failed: its numbers are those of an earlier moment.
func (t *Target) Stale() Target {
	old := *t
	old.Ports, old.Lcores = slices.Clone(t.Ports), slices.Clone(t.Lcores)
	for i := range old.Ports {
		p := &old.Ports[i]
		p.Queues = slices.Clone(p.Queues)
		all := p.counters()
		for q := range p.Queues {
			all = append(all, p.Queues[q].counters()...)
		}
		for _, c := range all {
			c.Rate = nil
		}
	}
	for i := range old.Lcores {
		l := &old.Lcores[i]
		l.Busy, l.CPU, l.Cycles.Rate, l.BusyCycles.Rate = nil, nil, nil, nil
	}
	return old
}

func (p *Port) counters() []*Counter {
	return []*Counter{&p.RxPackets, &p.TxPackets, &p.RxBytes, &p.TxBytes, &p.Missed, &p.NoMbuf, &p.RxErrors, &p.TxErrors}
}

func (q *Queue) counters() []*Counter {
	return []*Counter{&q.RxPackets, &q.TxPackets, &q.RxBytes, &q.TxBytes}
}

// pairs calls f with the elements of both lists that have the same key.
func pairs[T any](before, now []T, key func(T) any, f func(before, now *T)) {
	old := map[any]*T{}
	for i := range before {
		old[key(before[i])] = &before[i]
	}
	for i := range now {
		if b := old[key(now[i])]; b != nil {
			f(b, &now[i])
		}
	}
}
