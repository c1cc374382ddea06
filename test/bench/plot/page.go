package main

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// parts are the texts that the pages have between markers: "<!-- bench: NAME -->" and
// "<!-- end of bench -->".
var parts = map[string]func(Report) string{
	"machine": machine,
	"tables":  tables,
	"slower":  slower,
	"pauses":  pauses,
	"speed":   speed,
	"date":    date,
}

var markers = regexp.MustCompile(`(?s)(<!-- bench: (\w+) -->\n).*?(<!-- end of bench -->)`)

// update replaces the text between the markers of a page.
func update(page string, r Report) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	if !markers.Match(text) {
		return fmt.Errorf("%s: no <!-- bench: NAME --> … <!-- end of bench -->", page)
	}
	unknown := ""
	text = markers.ReplaceAllFunc(text, func(all []byte) []byte {
		m := markers.FindSubmatch(all)
		part := parts[string(m[2])]
		if part == nil {
			unknown = string(m[2])
			return all
		}
		return slices.Concat(m[1], []byte(part(r)), m[3])
	})
	if unknown != "" {
		return fmt.Errorf("%s: no part is named %s", page, unknown)
	}
	return os.WriteFile(page, text, 0o644)
}

// table writes a Markdown table.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	line(slices.Repeat([]string{"---"}, len(head)))
	for _, row := range rows {
		line(row)
	}
	return b.String()
}

func machine(r Report) string {
	m := r.Machine
	return table([]string{"", ""}, [][]string{
		{"CPU", fmt.Sprintf("%s, %s, %d CPUs, L2 cache %s", m.CPU, m.Arch, m.CPUs, m.L2)},
		{"Kernel", m.Kernel},
		{"DPDK, Go", m.DPDK + ", " + m.Go},
		{"Date, commit", m.Date + ", " + m.Commit},
		{"Load average before the run", m.Load + ", where 1 is one busy CPU"},
		{"Rounds", fmt.Sprintf("%d of about %s for each column; curves have a third", r.Method.Rounds, r.Method.Sample)},
		{"Noisy", fmt.Sprintf("%d of %d rows: the spread of C is over %.0f %%", r.noisy(), len(r.Rows), 100*r.Method.Noise)},
	})
}

// date is for pages without the table of the machine.
func date(r Report) string {
	m := r.Machine
	return fmt.Sprintf("%s, %d CPUs, Linux %s, %s, on %s. The load average before the run was %s, where 1 is one busy CPU.\n", m.CPU, m.CPUs, m.Kernel, m.Go, m.Date, m.Load)
}

func (r Report) noisy() (n int) {
	for _, row := range r.Rows {
		if row.Noisy {
			n++
		}
	}
	return n
}

// digits writes three digits, but all before the point.
func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func (c *Column) cell() string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", digits(c.Median), digits(c.Best))
}

func (r Row) ratio() string {
	if r.Ratio == nil {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f)", r.Ratio.Median, r.Ratio.Best)
}

func (r Row) notes() string {
	var notes []string
	if r.Noisy {
		notes = append(notes, "noisy")
	}
	if r.Unit != "ns" {
		notes = append(notes, r.Unit)
	}
	if r.Third != "" {
		notes = append(notes, "cgo: "+r.Third)
	}
	if r.Allocs != 0 {
		notes = append(notes, fmt.Sprintf("%.0f allocations", r.Allocs))
	}
	return strings.Join(notes, ", ")
}

func (r Row) spread() string {
	if r.C == nil {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*r.C.Spread)
}

// at is the burst, or the point of a curve.
func (r Row) at() string { return strings.TrimSpace(r.Axis + " " + number(r.point())) }

// tables are all rows, with a table for each group.
func tables(r Report) string {
	var b strings.Builder
	for _, group := range r.groups() {
		fmt.Fprintf(&b, "\n### %s\n\n", group)
		var rows [][]string
		for _, f := range r.families(group) {
			for _, row := range f.rows {
				rows = append(rows, []string{row.Name, row.at(), row.C.cell(), row.Go.cell(), row.Cgo.cell(), row.ratio(), row.spread(), row.notes()})
			}
		}
		b.WriteString(table([]string{"operation", "burst, or point of a curve", "C", "Go", "cgo", "Go ÷ C", "spread of C", ""}, rows))
	}
	return b.String()
}

// slower are the rows in which C is faster by more than 5 %, the slowest first. Of a curve it is the slowest point.
func slower(r Report) string {
	var found []Row
	ratio := func(row Row) float64 {
		if row.Ratio == nil {
			return 0
		}
		return row.Ratio.Median
	}
	for _, f := range r.families(slices.DeleteFunc(r.groups(), func(g string) bool { return g == "gaps" })...) {
		rows := f.rows
		if f.axis != "" {
			rows = []Row{slices.MaxFunc(rows, func(a, b Row) int { return cmp.Compare(ratio(a), ratio(b)) })}
		}
		found = append(found, slices.DeleteFunc(slices.Clone(rows), func(row Row) bool { return ratio(row) <= 1.05 })...)
	}
	slices.SortStableFunc(found, func(a, b Row) int { return cmp.Compare(ratio(b), ratio(a)) })
	var rows [][]string
	for _, row := range found {
		rows = append(rows, []string{row.Group, row.Name, row.at(), digits(row.C.Median), digits(row.Go.Median), fmt.Sprintf("%.2f", row.Ratio.Median), row.notes()})
	}
	return table([]string{"group", "operation", "burst, or slowest point of a curve", "C", "Go", "Go ÷ C", ""}, rows)
}

// pauses is a line for each situation of a polling loop, with C and Go on an lcore.
func pauses(r Report) string {
	var rows [][]string
	for _, f := range r.families("gaps") {
		if f.axis != "percentile" {
			continue
		}
		cells := []string{f.name}
		value := func(name, axis string, x float64, scale float64) {
			for _, row := range r.Rows {
				if row.Group == "gaps" && row.Name == name && row.Axis == axis && row.X == x {
					text := digits(row.Go.Median * scale)
					if row.C != nil {
						text += " (" + digits(row.C.Median*scale) + ")"
					}
					cells = append(cells, text)
				}
			}
		}
		value(f.name, f.axis, 99.9, 1e-3)
		value(f.name, f.axis, 99.99, 1e-3)
		value(f.name, f.axis, 100, 1e-3)
		value(f.name+": rounds over 10 µs", "", 0, 1)
		value(f.name+": time of these rounds", "", 0, 1)
		value(f.name+": garbage collections", "", 0, 1)
		rows = append(rows, cells)
	}
	return table([]string{"situation", "p99.9, µs", "p99.99, µs", "longest, µs", "rounds over 10 µs a second", "ms in them a second", "collections a second"}, rows)
}

// speed is the table of the README: Go ÷ C for some bursts.
func speed(r Report) string {
	bursts := []int{1, 8, 32, 128}
	head := []string{"burst"}
	for _, b := range bursts {
		head = append(head, fmt.Sprint(b))
	}
	var rows [][]string
	for _, f := range r.families("ring", "mempool", "mbuf", "ethdev") {
		if !f.overBurst() {
			continue
		}
		cells, cgo := make([]string, len(bursts)), ""
		for _, row := range f.rows {
			if i := slices.Index(bursts, row.Burst); i >= 0 {
				cells[i] = fmt.Sprintf("%.2f", row.Ratio.Median)
				if row.Noisy {
					cells[i] += " (noisy)"
				}
			}
			if row.Burst == 32 {
				cgo = fmt.Sprintf("%.1f", row.Cgo.Median/row.C.Median)
			}
		}
		rows = append(rows, slices.Concat([]string{f.group + ": " + f.name}, cells, []string{cgo}))
	}
	return table(append(head, "through cgo, 32"), rows)
}
