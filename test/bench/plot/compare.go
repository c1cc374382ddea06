package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"golang.org/x/perf/benchmath"
)

// alpha is the largest p at which a difference counts. It is smaller than the 0.05 of benchstat:
// that many of some hundred rows would differ by chance.
var alpha = benchmath.Thresholds{CompareAlpha: 0.001}

// compare writes a line for each row that both runs have, with the differences of Go, of Go ÷ C and of
// C, which nobody has changed: if C differs, the machine does, and Go ÷ C is what counts.
func compare(out io.Writer, before, after Report) error {
	fmt.Fprintf(out, "old: %s, commit %s, %s\nnew: %s, commit %s, %s\n\n", before.Machine.CPU, before.Machine.Commit, before.Machine.Date,
		after.Machine.CPU, after.Machine.Commit, after.Machine.Date)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "row\tGo: old\tnew\tdelta\tunit\tGo ÷ C: old\tnew\tdelta\tC: delta\t")
	changed, rows, n := 0, 0, 0
	for _, a := range before.Rows {
		i := slices.IndexFunc(after.Rows, func(b Row) bool {
			return a.Group == b.Group && a.Name == b.Name && a.Burst == b.Burst && a.Axis == b.Axis && a.X == b.X
		})
		if i < 0 || a.Go == nil || after.Rows[i].Go == nil {
			continue
		}
		b := after.Rows[i]
		rows, n = rows+1, max(n, len(b.Go.Samples))
		times, ratios, c := newDelta(a.Go, b.Go), newDelta(a.Ratio, b.Ratio), newDelta(a.C, b.C)
		if decisive := ratios; decisive.text != "" && decisive.significant || decisive.text == "" && times.significant {
			changed++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t\n", a.label(), times, a.Unit, ratios, c.text)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if rows == 0 {
		return fmt.Errorf("the two runs have no row in common")
	}
	_, err := fmt.Fprintf(out, "\n%d of %d rows differ (Mann-Whitney U test of up to %d medians of consecutive rounds, p < %v; ~: no difference)\n",
		changed, rows, n, alpha.CompareAlpha)
	return err
}

func (r Row) label() string {
	if r.Axis == "" {
		return fmt.Sprintf("%s %s/%d", r.Group, r.Name, r.Burst)
	}
	return fmt.Sprintf("%s %s/%s %v", r.Group, r.Name, r.Axis, r.X)
}

// delta is the difference between two columns.
type delta struct {
	old, new    float64
	text        string // "" if a column is missing
	significant bool
}

func newDelta(before, after *Column) delta {
	if before == nil || after == nil {
		return delta{}
	}
	a := benchmath.NewSample(slices.Clone(before.Samples), &alpha)
	b := benchmath.NewSample(slices.Clone(after.Samples), &alpha)
	c := benchmath.AssumeNothing.Compare(a, b)
	center := func(s *benchmath.Sample) float64 { return benchmath.AssumeNothing.Summary(s, 0.95).Center }
	d := delta{old: center(a), new: center(b), significant: c.P <= c.Alpha}
	d.text = c.FormatDelta(d.old, d.new)
	return d
}

func (d delta) String() string {
	if d.text == "" {
		return "\t\t"
	}
	return fmt.Sprintf("%.4g\t%.4g\t%s", d.old, d.new, d.text)
}
