package view

import (
	"fmt"
	"strings"

	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/examples/top/sample"
)

// Style paints texts.
type Style struct{ Title, Dim, Good, Warn, Bad, Bar func(...string) string }

// Plain paints nothing.
func Plain() Style {
	same := func(s ...string) string { return strings.Join(s, " ") }
	return Style{same, same, same, same, same, same}
}

// Target returns the lines of a target.
func Target(t *sample.Target, s Style) []string {
	about := []string{Line(t.Path)}
	if t.Version != "" {
		about = append(about, clean(t.Version))
	}
	if t.Via != "" {
		about = append(about, fmt.Sprintf("through %s in %.1f ms", t.Via, t.Took))
	}
	lines := []string{s.Title(clean(t.Name)) + "  " + s.Dim(strings.Join(about, " · "))}
	if t.Error != "" {
		lines = append(lines, "  "+s.Bad(Line(strings.ReplaceAll(t.Error, "\n", "; "))))
	}
	for _, n := range t.Notes {
		lines = append(lines, "  "+s.Dim(Line(n)))
	}
	for _, section := range []func(*sample.Target, Style) []string{processes, ports, queues, rings, pools, heaps, lcores} {
		if more := section(t, s); len(more) > 0 {
			lines = append(append(lines, ""), more...)
		}
	}
	return lines
}

// State paints a state.
func State(state sample.State, s Style) string {
	switch state {
	case sample.Running:
		return s.Good(string(state))
	case sample.Stopped, sample.NoAnswer:
		return s.Warn(string(state))
	case sample.Dead:
		return s.Bad(string(state))
	}
	return s.Dim(string(state))
}

func processes(t *sample.Target, s Style) []string {
	var rows []row
	for _, p := range t.Processes {
		pid := "?"
		if p.PID > 0 {
			pid = fmt.Sprint(p.PID)
		}
		rows = append(rows, row{pid, p.Role, State(p.State, s), cpu(&p.CPU), clean(p.Command)})
	}
	return section(s, "rllrl", row{"PROCESSES", "ROLE", "STATE", "CPU", "COMMAND"}, rows)
}

// cpu writes the share of a CPU that a time in milliseconds is.
func cpu(c *sample.Counter) string {
	if c == nil || c.Rate == nil {
		return "–"
	}
	share := *c.Rate / 1000
	return percent(&share)
}

func ports(t *sample.Target, s Style) []string {
	var rows []row
	for _, p := range t.Ports {
		link := s.Dim("stopped")
		switch {
		case p.Started && p.LinkUp && p.Speed > 0:
			link = s.Good("up " + si(float64(p.Speed)*1e6))
		case p.Started && p.LinkUp:
			link = s.Good("up")
		case p.Started:
			link = s.Warn("down")
		}
		drops := p.Drops()
		lost, lostRate := fmt.Sprint(drops.Total), rate(drops, 1)
		if drops.Rate != nil && *drops.Rate > 0 {
			lostRate = s.Bad(lostRate)
		}
		rows = append(rows, row{fmt.Sprint(p.ID), clean(p.Name), link,
			s.Bar(rate(p.RxPackets, 1)), s.Bar(rate(p.TxPackets, 1)), rate(p.RxBytes, 8), rate(p.TxBytes, 8), lostRate,
			fmt.Sprint(p.RxPackets.Total), fmt.Sprint(p.TxPackets.Total), lost})
	}
	return section(s, "rllrrrrrrrr", row{"PORTS", "NAME", "LINK", "RX/s", "TX/s", "RX bit/s", "TX bit/s", "DROPS/s", "RX", "TX", "DROPS"}, rows)
}

func queues(t *sample.Target, s Style) []string {
	var rows []row
	for _, p := range t.Ports {
		for _, q := range p.Queues {
			rows = append(rows, row{fmt.Sprintf("%d/%d", p.ID, q.ID), rate(q.RxPackets, 1), rate(q.TxPackets, 1), rate(q.RxBytes, 8), rate(q.TxBytes, 8),
				fmt.Sprint(q.RxPackets.Total), fmt.Sprint(q.TxPackets.Total)})
		}
	}
	return section(s, "rrrrrrr", row{"QUEUES", "RX/s", "TX/s", "RX bit/s", "TX bit/s", "RX", "TX"}, rows)
}

func rings(t *sample.Target, s Style) []string {
	var rows []row
	for _, r := range t.Rings {
		rows = append(rows, row{clean(r.Name), s.Bar(bar(float64(r.Capacity), float64(r.Used))), share(r.Used, r.Capacity), fmt.Sprint(r.Used), fmt.Sprint(r.Capacity), clean(r.Sync)})
	}
	return section(s, "llrrrl", row{"RINGS", "", "FULL", "USED", "CAPACITY", "SYNC"}, rows)
}

func share(part, whole uint64) string {
	if whole == 0 {
		return "–"
	}
	v := float64(part) / float64(whole)
	return percent(&v)
}

func pools(t *sample.Target, s Style) []string {
	number := func(n *uint64) string {
		if n == nil {
			return "–"
		}
		return fmt.Sprint(*n)
	}
	var rows []row
	for _, p := range t.Pools {
		drawn, used, free := s.Dim(strings.Repeat("?", barWidth)), "–", "–"
		if p.InUse != nil {
			cached := uint64(0)
			if p.Cached != nil {
				cached = *p.Cached
			}
			drawn, used = s.Bar(bar(float64(p.Size), float64(*p.InUse), float64(cached))), share(*p.InUse, p.Size)
			free = fmt.Sprint(p.Size - min(p.Size, *p.InUse+cached))
		}
		rows = append(rows, row{clean(p.Name), drawn, used, number(p.InUse), number(p.Cached), free, fmt.Sprint(p.Size), fmt.Sprint(p.Bytes)})
	}
	return section(s, "llrrrrrr", row{"POOLS", "█ in use ▒ in caches", "USED", "IN USE", "CACHED", "FREE", "OBJECTS", "BYTES"}, rows)
}

func heaps(t *sample.Target, s Style) []string {
	var rows []row
	for _, h := range t.Heaps {
		rows = append(rows, row{clean(h.Name), s.Bar(bar(float64(h.Size), float64(h.Used))), share(h.Used, h.Size), bytes(h.Used), bytes(h.Size)})
	}
	return section(s, "llrrr", row{"HEAPS", "", "USED", "BYTES", "SIZE"}, rows)
}

func lcores(t *sample.Target, s Style) []string {
	var rows []row
	for _, l := range t.Lcores {
		cpus := make([]string, len(l.CPUs))
		for i, c := range l.CPUs {
			cpus[i] = fmt.Sprint(c)
		}
		drawn := s.Dim(strings.Repeat("?", barWidth))
		if l.Busy != nil {
			drawn = s.Bar(bar(1, *l.Busy))
		}
		rows = append(rows, row{fmt.Sprint(l.ID), drawn, percent(l.Busy), cpu(l.CPU), clean(l.Role), strings.Join(cpus, ",")})
	}
	return section(s, "rlrrll", row{"LCORES", "", "BUSY", "CPU", "ROLE", "CPUS"}, rows)
}

func section(s Style, align string, head row, rows []row) []string {
	if len(rows) == 0 {
		return nil
	}
	return table(s, align, head, rows)
}

// Empty returns the line for a machine without targets.
func Empty(dirs []string) string {
	if len(dirs) == 0 {
		dirs = telemetry.Dirs()
	}
	if len(dirs) == 0 {
		return "no DPDK process runs here: none of the folders exist in which DPDK has its files"
	}
	return "no DPDK process runs: there are none in " + Line(strings.Join(dirs, ", "))
}
